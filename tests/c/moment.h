/* A clock that stands still and entropy that is known, so that every byte is. */

#ifndef MOMENT_H
#define MOMENT_H

#include "kit.h"

typedef struct moment {
    uint64_t now;
    /* 64 bytes in hexadecimal. */
    const char *entropy;
} moment;

static inline uint64_t moment_clock(void *userdata)
{
    const moment *self = userdata;
    return self->now;
}

static inline void moment_entropy(void *userdata, unsigned char bytes[64])
{
    const moment *self = userdata;
    CHECK_INT(strlen(self->entropy), 128);
    for (int n = 0; n < 64; n++) {
        unsigned byte = 256;
        CHECK_INT(sscanf(self->entropy + 2 * n, "%2x", &byte), 1);
        bytes[n] = (unsigned char)byte;
    }
}

/* The same key every day. */
static inline bool moment_keys(void *userdata, uint64_t day, unsigned char key[32])
{
    const moment *self = userdata;
    CHECK(day == self->now / UINT64_C(86400000000));
    memset(key, 7, 32);
    return true;
}

/* A tracker that keeps its hits, at this moment for ever. */
static inline trackside_tracker *open_moment(const char *toml, moment *moment)
{
    trackside_options *options = options_of(toml);
    OK(trackside_options_recording, options);
    OK(trackside_options_clock, options, moment_clock, moment);
    OK(trackside_options_entropy, options, moment_entropy, moment);
    OK(trackside_options_keys, options, moment_keys, moment);
    return open_options(options);
}

#define JSON_OF(hit, expected) \
    do { \
        trackside_bytes json_ = { NULL, 0 }; \
        OK(trackside_hit_json, (hit), &json_); \
        CHECK_TEXT(json_, (expected)); \
    } while (0)

/* The recorded hit of this index is this JSON. */
#define RECORDED(tracker, index, expected) \
    do { \
        trackside_hit *hit_ = recorded((tracker), (index)); \
        JSON_OF(hit_, (expected)); \
        trackside_hit_free(hit_); \
    } while (0)

#define FIREFOX "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

#endif
