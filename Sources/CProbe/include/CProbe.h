// The exec probe is Embedded Swift, which has no Glibc module: the headers that it needs, and the few things that Swift
// cannot import from them. Nothing else belongs here, and nothing but howdah-probe uses it.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// errno is a macro around a function call.
int howdah_probe_errno(void);

// The word of the command line at `index`, 0 being the program; NULL past the last one.
const char *howdah_probe_word(int index);

// open() is variadic. Opens for reading, in such a way that a pipe without a writer does not hold it up.
int howdah_probe_open(const char *path);

// SIG_IGN is a cast.
void howdah_probe_ignore(int signal_number);
