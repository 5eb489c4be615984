/* Checks that say where they stand and what they saw, and end the program. */

#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trackside.h>

/* The condition holds. */
#define CHECK(condition) check_truth((condition), #condition, __FILE__, __LINE__)

/* Two whole numbers are the same. */
#define CHECK_INT(actual, expected) \
    check_int((intmax_t)(actual), (intmax_t)(expected), #actual, __FILE__, __LINE__)

/* A text of the library's is this literal. */
#define CHECK_TEXT(actual, expected) check_text((actual), (expected), #actual, __FILE__, __LINE__)

/* A NUL-terminated text is this one. */
#define CHECK_STRING(actual, expected) \
    check_text(trackside_text(actual), (expected), #actual, __FILE__, __LINE__)

/* A NUL-terminated text contains this part. */
#define CHECK_PART(text, part) check_part((text), (part), #text, __FILE__, __LINE__)

/* What the host says of a visitor's consent when it says nothing. */
#define UNSAID TRACKSIDE_CHOICE_UNKNOWN, TRACKSIDE_CHOICE_UNKNOWN

/* A function of the library's succeeds. Its last argument, the error, is added here. */
#define OK(function, ...) \
    do { \
        trackside_error error_ = TRACKSIDE_ERROR_INIT; \
        trackside_status status_ = function(__VA_ARGS__, &error_); \
        check_status(status_, TRACKSIDE_OK, &error_, "", #function, __FILE__, __LINE__); \
    } while (0)

/* A function of the library's fails with this status and a text that contains `part`. */
#define FAILS(expected, part, function, ...) \
    do { \
        trackside_error error_ = TRACKSIDE_ERROR_INIT; \
        trackside_status status_ = function(__VA_ARGS__, &error_); \
        check_status(status_, (expected), &error_, (part), #function, __FILE__, __LINE__); \
    } while (0)

/* It fails so, and without an error struct, too. For calls that may be made twice. */
#define REFUSES(expected, part, function, ...) \
    do { \
        FAILS(expected, part, function, __VA_ARGS__); \
        check_int(function(__VA_ARGS__, NULL), (expected), #function " without an error", __FILE__, __LINE__); \
    } while (0)

static inline void check_truth(bool is_so, const char *what, const char *file, int line)
{
    if (!is_so) {
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
        exit(1);
    }
}

static inline void check_int(intmax_t actual, intmax_t expected, const char *what, const char *file, int line)
{
    if (actual != expected) {
        fprintf(stderr, "%s:%d: %s is %" PRIdMAX ", expected %" PRIdMAX "\n", file, line, what, actual, expected);
        exit(1);
    }
}

static inline void check_text(
    trackside_bytes actual, const char *expected, const char *what, const char *file, int line)
{
    size_t length = strlen(expected);
    if (actual.length != length || (length > 0 && memcmp(actual.data, expected, length) != 0)) {
        int shown = actual.data == NULL ? 0 : (int)actual.length;
        fprintf(stderr, "%s:%d: %s is \"%.*s\" (%zu bytes), expected \"%s\"\n", file, line, what, shown,
            actual.data == NULL ? "" : actual.data, actual.length, expected);
        exit(1);
    }
}

static inline void check_part(const char *text, const char *part, const char *what, const char *file, int line)
{
    if (strstr(text, part) == NULL) {
        fprintf(stderr, "%s:%d: %s is \"%s\", which lacks \"%s\"\n", file, line, what, text, part);
        exit(1);
    }
}

static inline void check_status(trackside_status actual, trackside_status expected,
    const trackside_error *error, const char *part, const char *function, const char *file, int line)
{
    if (actual != expected) {
        fprintf(stderr, "%s:%d: %s answers %d (%s), expected %d (%s); its error says \"%s\"\n", file, line,
            function, (int)actual, trackside_status_text(actual), (int)expected,
            trackside_status_text(expected), error->text);
        exit(1);
    }
    if (actual != TRACKSIDE_OK) {
        check_int(error->status, actual, "the error's status", file, line);
        check_truth(memchr(error->text, 0, sizeof error->text) != NULL, "the error's text has an end", file, line);
        check_truth(error->text[0] != 0, "the error has a text", file, line);
        check_part(error->text, part, "the error's text", file, line);
    }
}

#endif
