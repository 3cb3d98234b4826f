// The Linux headers that the Glibc module does not export, and the variadic
// calls that Swift cannot import. Nothing else belongs here.
#pragma once

#include <errno.h>
#include <curl/curl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

// curl_easy_setopt and curl_easy_getinfo are variadic; these name one argument type each.
CURLcode howdah_curl_easy_setopt_long(CURL *handle, CURLoption option, long value);
CURLcode howdah_curl_easy_setopt_pointer(CURL *handle, CURLoption option, const void *value);
typedef size_t (*howdah_curl_write_callback)(char *data, size_t size, size_t count, void *context);
CURLcode howdah_curl_easy_setopt_write(CURL *handle, howdah_curl_write_callback callback, void *context);
CURLcode howdah_curl_easy_getinfo_long(CURL *handle, CURLINFO info, long *value);
