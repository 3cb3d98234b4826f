#include "CProbe.h"

static int word_count;
static char **words;

// glibc hands the command line to constructors; Embedded Swift's entry point drops it.
__attribute__((constructor)) static void keep_words(int argc, char **argv) {
    word_count = argc;
    words = argv;
}

const char *howdah_probe_word(int index) { return index < word_count ? words[index] : NULL; }

int howdah_probe_errno(void) { return errno; }

int howdah_probe_open(const char *path) { return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); }

void howdah_probe_ignore(int signal_number) { signal(signal_number, SIG_IGN); }
