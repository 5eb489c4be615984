/* Blocks, written by hand from the header's specification, and not with anything of the library's. */

#ifndef BLOCK_H
#define BLOCK_H

#include "moment.h"

/* Bytes that grow. */
typedef struct block {
    unsigned char bytes[4096];
    size_t length;
} block;

static inline void put(block *block, const void *data, size_t length)
{
    CHECK(block->length + length <= sizeof block->bytes);
    memcpy(block->bytes + block->length, data, length);
    block->length += length;
}

/* A number of `size` bytes, the lowest first. */
static inline void put_number(block *block, uint64_t number, size_t size)
{
    for (size_t n = 0; n < size; n++) {
        unsigned char byte = (unsigned char)(number >> 8 * n);
        put(block, &byte, 1);
    }
}

static inline void put_double(block *block, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    put_number(block, bits, 8);
}

static inline void put_text(block *block, const char *text)
{
    put(block, text, strlen(text));
}

static inline void put_block(block *to, const block *from)
{
    put(to, from->bytes, from->length);
}

/* Where the numbers of a request lie. */
enum {
    VERSION = 0,
    FLAGS = 1,
    HEADER_COUNT = 2,
    METHOD_LENGTH = 4,
    TARGET_LENGTH = 8,
    AUTHORITY_LENGTH = 12,
    PEER_LENGTH = 16,
    REQUEST_HEAD = 20
};

enum { SECURE = 1, LENT = 4 };

#define METHOD "GET"
#define TARGET "/cart?utm_source=x"
#define AUTHORITY "www.example.com"

static const unsigned char PEER[4] = { 203, 0, 113, 9 };

/* The same for both ways. */
static const trackside_header SENT[3] = {
    { TRACKSIDE_TEXT("accept"), TRACKSIDE_TEXT("text/html") },
    { TRACKSIDE_TEXT("User-Agent"), TRACKSIDE_TEXT(FIREFOX) },
    { TRACKSIDE_TEXT("Referer"), TRACKSIDE_TEXT("https://www.google.com/") },
};

enum { SENT_COUNT = 3 };

static inline block whole_request(void)
{
    block block = { { 0 }, 0 };
    put_number(&block, 1, 1);
    put_number(&block, SECURE, 1);
    put_number(&block, SENT_COUNT, 2);
    put_number(&block, strlen(METHOD), 4);
    put_number(&block, strlen(TARGET), 4);
    put_number(&block, strlen(AUTHORITY), 4);
    put_number(&block, sizeof PEER, 4);
    CHECK_INT(block.length, REQUEST_HEAD);
    for (int n = 0; n < SENT_COUNT; n++) {
        put_number(&block, SENT[n].name.length, 4);
        put_number(&block, SENT[n].value.length, 4);
    }
    put_text(&block, METHOD TARGET AUTHORITY);
    put(&block, PEER, sizeof PEER);
    for (int n = 0; n < SENT_COUNT; n++) {
        put(&block, SENT[n].name.data, SENT[n].name.length);
        put(&block, SENT[n].value.data, SENT[n].value.length);
    }
    return block;
}

/* Where the numbers of a response lie. */
enum { STATUS = 2, RESPONSE_HEADER_COUNT = 4, ANNOTATION_COUNT = 6, RESPONSE_HEAD = 8 };

enum { TITLE = 1, USER_ID, ROUTE, PROPERTY, EVENT };

typedef struct annotation {
    uint32_t tag;
    block payload;
} annotation;

static inline annotation text_annotation(uint32_t tag, const char *text)
{
    annotation annotation = { tag, { { 0 }, 0 } };
    put_text(&annotation.payload, text);
    return annotation;
}

/* Of a page with these annotations. */
static inline block response_of(const annotation *annotations, size_t count)
{
    block block = { { 0 }, 0 };
    put_number(&block, 1, 1);
    put_number(&block, 0, 1);
    put_number(&block, 200, 2);
    put_number(&block, 1, 2);
    put_number(&block, count, 2);
    CHECK_INT(block.length, RESPONSE_HEAD);
    put_number(&block, HTML[0].name.length, 4);
    put_number(&block, HTML[0].value.length, 4);
    for (size_t n = 0; n < count; n++) {
        put_number(&block, annotations[n].tag, 4);
        put_number(&block, annotations[n].payload.length, 4);
    }
    put(&block, HTML[0].name.data, HTML[0].name.length);
    put(&block, HTML[0].value.data, HTML[0].value.length);
    for (size_t n = 0; n < count; n++) {
        put_block(&block, &annotations[n].payload);
    }
    return block;
}

/* A property whose value is still to be put. */
static inline block property_of(const char *key, uint32_t type)
{
    block property = { { 0 }, 0 };
    put_number(&property, type, 4);
    put_number(&property, strlen(key), 4);
    put_text(&property, key);
    return property;
}

/* Where the numbers of an event lie. */
enum { NAME_LENGTH = 0, CATEGORY_LENGTH = 4, LABEL_LENGTH = 8, PROPERTY_COUNT = 12, VALUE = 16, EVENT_HEAD = 24 };

static inline block event_of(
    const char *name, const char *category, const char *label, double value, const block *properties, size_t count)
{
    block event = { { 0 }, 0 };
    put_number(&event, strlen(name), 4);
    put_number(&event, strlen(category), 4);
    put_number(&event, strlen(label), 4);
    put_number(&event, count, 4);
    put_double(&event, value);
    CHECK_INT(event.length, EVENT_HEAD);
    for (size_t n = 0; n < count; n++) {
        put_number(&event, properties[n].length, 4);
    }
    put_text(&event, name);
    put_text(&event, category);
    put_text(&event, label);
    for (size_t n = 0; n < count; n++) {
        put_block(&event, &properties[n]);
    }
    return event;
}

#endif
