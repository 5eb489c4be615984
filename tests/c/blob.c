/* The block: a request, or a response with its annotations, in one piece. What it says is held against the same
   said in structs, and whatever is wrong with it is refused. */

#define _POSIX_C_SOURCE 200809L

#include <math.h>
#include <strings.h>

#include "block.h"

static moment now = { UINT64_C(1784714400123456),
    "2ab31a4490ea284aea8fee45356934be181c4a6b5ac40948fc2620e2391168f17e62ed16df2e36f9c020a82f57982dab483da1bc990285"
    "47635a53252bf142ea" };

static trackside_tracker *tracker;

static block event_of_all_parts(void)
{
    block properties[2] = { property_of("colour", TRACKSIDE_TYPE_TEXT), property_of("gift", TRACKSIDE_TYPE_TRUTH) };
    put_text(&properties[0], "red");
    put_number(&properties[1], 0, 1);
    return event_of("add", "cart", "SKU-1", 2, properties, 2);
}

enum { ALL = 7 };

static block whole_response(void)
{
    annotation annotations[ALL] = { text_annotation(TITLE, "Cart"), text_annotation(USER_ID, "u-42"),
        text_annotation(ROUTE, "/cart"), { PROPERTY, property_of("plan", TRACKSIDE_TYPE_TEXT) },
        { PROPERTY, property_of("seats", TRACKSIDE_TYPE_NUMBER) }, { EVENT, event_of_all_parts() },
        { EVENT, event_of("bare", "", "", NAN, NULL, 0) } };
    put_text(&annotations[3].payload, "pro");
    put_double(&annotations[4].payload, 2.5);
    return response_of(annotations, ALL);
}

/* The same annotations, one by one. */
static void annotate(trackside_exchange *exchange)
{
    OK(trackside_exchange_set_title, exchange, trackside_text("Cart"));
    OK(trackside_exchange_set_user_id, exchange, trackside_text("u-42"));
    OK(trackside_exchange_set_route, exchange, trackside_text("/cart"));
    trackside_property property = TRACKSIDE_PROPERTY_INIT;
    property.key = trackside_text("plan");
    property.text = trackside_text("pro");
    OK(trackside_exchange_add_property, exchange, &property);
    property.key = trackside_text("seats");
    property.type = TRACKSIDE_TYPE_NUMBER;
    property.number = 2.5;
    OK(trackside_exchange_add_property, exchange, &property);
    add_event_of_all_parts(exchange);
    trackside_event bare = TRACKSIDE_EVENT_INIT;
    bare.name = trackside_text("bare");
    OK(trackside_exchange_add_event, exchange, &bare);
}

/* A copy of exactly its length, so that whoever reads on reads what is nobody's. */
static unsigned char *copied(const unsigned char *bytes, size_t length)
{
    unsigned char *copy = malloc(length > 0 ? length : 1);
    CHECK(copy != NULL);
    memcpy(copy, bytes, length);
    return copy;
}

static void let_go(unsigned char *copy, size_t length)
{
    memset(copy, 0xee, length);
    free(copy);
}

static trackside_status begin_copy(
    const unsigned char *bytes, size_t length, trackside_exchange **exchange, trackside_error *error)
{
    unsigned char *copy = copied(bytes, length);
    trackside_status status = trackside_exchange_begin_blob(tracker, copy, length, exchange, error);
    let_go(copy, length);
    return status;
}

static trackside_status finish_copy(
    trackside_exchange *exchange, const unsigned char *bytes, size_t length, trackside_error *error)
{
    unsigned char *copy = copied(bytes, length);
    trackside_status status = trackside_exchange_finish_blob(exchange, copy, length, error);
    let_go(copy, length);
    return status;
}

static void a_block_says_the_same_as_structs(void)
{
    block request = whole_request(), response = whole_response();
    trackside_exchange *exchange = NULL;
    OK(begin_copy, request.bytes, request.length, &exchange);
    OK(finish_copy, exchange, response.bytes, response.length);
    trackside_exchange_free(exchange);

    trackside_request same = page_request(TARGET, SENT);
    same.authority = trackside_text(AUTHORITY);
    same.peer = trackside_text("203.0.113.9");
    same.header_count = SENT_COUNT;
    same.secure = true;
    OK(trackside_exchange_begin, tracker, &same, &exchange);
    annotate(exchange);
    CHECK_INT(finish_page(exchange), 0);

    /* Both ways mixed: annotations by call, the rest by block. */
    OK(begin_copy, request.bytes, request.length, &exchange);
    annotate(exchange);
    response = response_of(NULL, 0);
    OK(finish_copy, exchange, response.bytes, response.length);
    trackside_exchange_free(exchange);

    /* And a block that is lent until the end. */
    unsigned char *lent = copied(request.bytes, request.length);
    lent[FLAGS] |= LENT;
    OK(trackside_exchange_begin_blob, tracker, lent, request.length, &exchange);
    response = whole_response();
    OK(finish_copy, exchange, response.bytes, response.length);
    trackside_exchange_free(exchange);
    let_go(lent, request.length);

    size_t count = 0;
    OK(trackside_tracker_recorded_count, tracker, &count);
    CHECK_INT(count, 12);
    trackside_hit *first = recorded(tracker, 0);
    CHECK_TEXT(hit_text(first, TRACKSIDE_FIELD_TITLE), "Cart");
    CHECK_TEXT(hit_text(first, TRACKSIDE_FIELD_SITE), AUTHORITY);
    CHECK_TEXT(hit_text(first, TRACKSIDE_FIELD_IP), "203.0.113.0");
    CHECK_TEXT(hit_text(first, TRACKSIDE_FIELD_AGENT), FIREFOX);
    trackside_hit_free(first);
    for (size_t n = 0; n < 3; n++) {
        trackside_hit *hit = recorded(tracker, n);
        trackside_bytes json = { NULL, 0 };
        OK(trackside_hit_json, hit, &json);
        char expected[2000];
        CHECK(json.length > 100 && json.length < sizeof expected);
        memcpy(expected, json.data, json.length);
        expected[json.length] = 0;
        RECORDED(tracker, n + 3, expected);
        RECORDED(tracker, n + 6, expected);
        RECORDED(tracker, n + 9, expected);
        trackside_hit_free(hit);
    }
}

/* What is said in the block comes after what was said before. */
static void later_words_stand(void)
{
    annotation annotation = text_annotation(TITLE, "last");
    block response = response_of(&annotation, 1);
    trackside_exchange *exchange = begin_page(tracker, "/");
    OK(trackside_exchange_set_title, exchange, trackside_text("first"));
    OK(trackside_exchange_set_route, exchange, trackside_text("/kept"));
    OK(finish_copy, exchange, response.bytes, response.length);
    trackside_exchange_free(exchange);
    size_t count = 0;
    OK(trackside_tracker_recorded_count, tracker, &count);
    trackside_hit *hit = recorded(tracker, count - 1);
    CHECK_TEXT(hit_text(hit, TRACKSIDE_FIELD_TITLE), "last");
    CHECK_TEXT(hit_text(hit, TRACKSIDE_FIELD_ROUTE), "/kept");
    trackside_hit_free(hit);
}

/* No prefix of a block is one, and nothing may follow it. */
static void a_block_is_neither_cut_nor_followed(void)
{
    block request = whole_request(), response = whole_response();
    trackside_exchange *exchange = NULL;
    for (size_t length = 0; length < request.length; length++) {
        FAILS(TRACKSIDE_BLOB, "`blob`", begin_copy, request.bytes, length, &exchange);
    }
    FAILS(TRACKSIDE_BLOB, "bytes", begin_copy, request.bytes, request.length + 1, &exchange);
    CHECK(exchange == NULL);

    exchange = begin_page(tracker, "/");
    for (size_t length = 0; length < response.length; length++) {
        FAILS(TRACKSIDE_BLOB, "`blob`", finish_copy, exchange, response.bytes, length);
    }
    FAILS(TRACKSIDE_BLOB, "bytes", finish_copy, exchange, response.bytes, response.length + 1);

    /* It is not finished, and has none of their annotations. */
    trackside_reason reason = 0;
    FAILS(TRACKSIDE_UNFINISHED, "", trackside_exchange_reason, exchange, &reason);
    CHECK_INT(finish_page(exchange), 0);
    size_t count = 0;
    OK(trackside_tracker_recorded_count, tracker, &count);
    trackside_hit *hit = recorded(tracker, count - 1);
    CHECK_TEXT(hit_text(hit, TRACKSIDE_FIELD_KIND), "page");
    CHECK_TEXT(hit_text(hit, TRACKSIDE_FIELD_TITLE), "");
    trackside_hit_free(hit);
}

/* One byte that is not as the specification says. */
static void wrong_request(size_t at, unsigned char byte, const char *part)
{
    block request = whole_request();
    trackside_exchange *exchange = NULL;
    CHECK(request.bytes[at] != byte);
    request.bytes[at] = byte;
    FAILS(TRACKSIDE_BLOB, part, begin_copy, request.bytes, request.length, &exchange);
    CHECK(exchange == NULL);
}

static void requests_are_checked(void)
{
    wrong_request(VERSION, 0, "version 0");
    wrong_request(VERSION, 2, "version 2");
    wrong_request(FLAGS, SECURE | 8, "flags 0x9");
    wrong_request(FLAGS, 0x80, "flags 0x80");
    wrong_request(HEADER_COUNT, 2, "bytes");
    wrong_request(HEADER_COUNT, 4, "bytes");
    wrong_request(HEADER_COUNT + 1, 0xff, "headers");
    wrong_request(METHOD_LENGTH, 4, "bytes");
    wrong_request(METHOD_LENGTH + 3, 0xff, "bytes");
    wrong_request(TARGET_LENGTH + 3, 0xff, "bytes");
    wrong_request(AUTHORITY_LENGTH + 3, 0xff, "bytes");
    wrong_request(PEER_LENGTH, 5, "peer of 5");
    wrong_request(PEER_LENGTH, 16, "bytes");
    wrong_request(PEER_LENGTH, 0, "bytes");
    wrong_request(PEER_LENGTH + 3, 1, "peer");
    /* The length of the first header's name, and of its value. */
    wrong_request(REQUEST_HEAD, 7, "bytes");
    wrong_request(REQUEST_HEAD + 3, 0xff, "bytes");
    wrong_request(REQUEST_HEAD + 7, 0xff, "bytes");

    /* Lengths whose sum is more than 32 bits can hold. */
    block request = whole_request();
    memset(request.bytes + METHOD_LENGTH, 0xff, 12);
    memset(request.bytes + REQUEST_HEAD, 0xff, 8 * SENT_COUNT);
    trackside_exchange *exchange = NULL;
    FAILS(TRACKSIDE_BLOB, "bytes", begin_copy, request.bytes, request.length, &exchange);
    CHECK(exchange == NULL);
}

/* A response of which one thing is wrong. */
static void refuses(trackside_status status, const char *part, const block *response)
{
    trackside_exchange *exchange = begin_page(tracker, "/");
    FAILS(status, part, finish_copy, exchange, response->bytes, response->length);
    FAILS(status, part, finish_copy, exchange, response->bytes, response->length);
    trackside_exchange_free(exchange);
}

static void refuses_annotation(trackside_status status, const char *part, uint32_t tag, const block *payload)
{
    annotation annotation = { tag, *payload };
    block response = response_of(&annotation, 1);
    refuses(status, part, &response);
}

static void responses_are_checked(void)
{
    static const struct {
        size_t at;
        unsigned char byte;
        const char *part;
    } heads[] = { { VERSION, 2, "version 2" }, { FLAGS, 1, "flags 0x1" }, { RESPONSE_HEADER_COUNT, 0, "bytes" },
        { RESPONSE_HEADER_COUNT + 1, 0xff, "headers" }, { ANNOTATION_COUNT, 1, "`blob`" },
        { ANNOTATION_COUNT + 1, 0xff, "annotations" }, { RESPONSE_HEAD + 3, 0xff, "bytes" } };
    for (size_t n = 0; n < sizeof heads / sizeof heads[0]; n++) {
        block response = response_of(NULL, 0);
        response.bytes[heads[n].at] = heads[n].byte;
        refuses(TRACKSIDE_BLOB, heads[n].part, &response);
    }

    const block empty = { { 0 }, 0 };
    refuses_annotation(TRACKSIDE_BLOB, "tag 0", 0, &empty);
    refuses_annotation(TRACKSIDE_BLOB, "tag 6", 6, &empty);
    refuses_annotation(TRACKSIDE_BLOB, "tag 4294967295", UINT32_MAX, &empty);
    refuses_annotation(TRACKSIDE_BLOB, "annotation 0", PROPERTY, &empty);
    refuses_annotation(TRACKSIDE_BLOB, "annotation 0", EVENT, &empty);
    for (uint32_t tag = TITLE; tag <= ROUTE; tag++) {
        annotation text = text_annotation(tag, "a\xff");
        refuses_annotation(TRACKSIDE_INVALID_UTF8, "UTF-8", tag, &text.payload);
    }
}

static void properties_are_checked(void)
{
    static const struct {
        uint32_t type;
        const char *value;
        trackside_status status;
    } rows[] = { { 3, "", TRACKSIDE_BLOB }, { UINT32_MAX, "x", TRACKSIDE_BLOB },
        { TRACKSIDE_TYPE_NUMBER, "1234567", TRACKSIDE_BLOB }, { TRACKSIDE_TYPE_NUMBER, "123456789", TRACKSIDE_BLOB },
        { TRACKSIDE_TYPE_TRUTH, "", TRACKSIDE_BLOB }, { TRACKSIDE_TYPE_TRUTH, "\2", TRACKSIDE_BLOB },
        { TRACKSIDE_TYPE_TRUTH, "\1\1", TRACKSIDE_BLOB }, { TRACKSIDE_TYPE_TEXT, "\xff", TRACKSIDE_INVALID_UTF8 } };
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        block property = property_of("key", rows[n].type);
        put_text(&property, rows[n].value);
        refuses_annotation(rows[n].status, "annotation 0", PROPERTY, &property);
    }
    block property = property_of("\xff", TRACKSIDE_TYPE_TEXT);
    refuses_annotation(TRACKSIDE_INVALID_UTF8, "key", PROPERTY, &property);
    property = property_of("key", TRACKSIDE_TYPE_TEXT);
    property.bytes[4] = 4;
    refuses_annotation(TRACKSIDE_BLOB, "key of 4", PROPERTY, &property);
    memset(property.bytes + 4, 0xff, 4);
    refuses_annotation(TRACKSIDE_BLOB, "key of 4294967295", PROPERTY, &property);
}

static void events_are_checked(void)
{
    static const size_t longer[] = { NAME_LENGTH, CATEGORY_LENGTH, LABEL_LENGTH, PROPERTY_COUNT, EVENT_HEAD };
    for (size_t n = 0; n < sizeof longer / sizeof longer[0]; n++) {
        block event = event_of_all_parts();
        event.bytes[longer[n]]++;
        refuses_annotation(TRACKSIDE_BLOB, "annotation 0", EVENT, &event);
        event = event_of_all_parts();
        event.bytes[longer[n] + 3] = 0xff;
        refuses_annotation(TRACKSIDE_BLOB, "annotation 0", EVENT, &event);
    }
    block event = event_of_all_parts();
    event.length--;
    refuses_annotation(TRACKSIDE_BLOB, "annotation 0", EVENT, &event);
    block property = property_of("key", 9);
    event = event_of("name", "", "", 0, &property, 1);
    refuses_annotation(TRACKSIDE_BLOB, "property 0", EVENT, &event);
    event = event_of("\xff", "", "", 0, NULL, 0);
    refuses_annotation(TRACKSIDE_INVALID_UTF8, "name", EVENT, &event);
}

/* Every byte of both, changed to each of some others: a status comes back, and the books balance. */
static void any_bytes_give_a_status(void)
{
    static const unsigned char others[] = { 0, 1, 2, 0x7f, 0x80, 0xfe, 0xff };
    block request = whole_request(), response = whole_response();
    for (size_t at = 0; at < request.length; at++) {
        for (size_t n = 0; n < sizeof others; n++) {
            block changed = request;
            changed.bytes[at] = others[n];
            trackside_exchange *exchange = NULL;
            trackside_status status = begin_copy(changed.bytes, changed.length, &exchange, NULL);
            CHECK(status == TRACKSIDE_OK ? exchange != NULL : status == TRACKSIDE_BLOB && exchange == NULL);
            trackside_exchange_free(exchange);
        }
    }
    for (size_t at = 0; at < response.length; at++) {
        for (size_t n = 0; n < sizeof others; n++) {
            block changed = response;
            changed.bytes[at] = others[n];
            trackside_exchange *exchange = begin_page(tracker, "/");
            trackside_status status = finish_copy(exchange, changed.bytes, changed.length, NULL);
            CHECK(status == TRACKSIDE_OK || status == TRACKSIDE_BLOB || status == TRACKSIDE_INVALID_UTF8);
            trackside_exchange_free(exchange);
        }
    }
    books_of(tracker);
}

static uint32_t number_at(const unsigned char *bytes, size_t size)
{
    uint32_t number = 0;
    for (size_t n = 0; n < size; n++) {
        number |= (uint32_t)bytes[n] << 8 * n;
    }
    return number;
}

/* An end of exactly its length, and of its verdict's. */
static trackside_status end_copy(trackside_exchange *exchange, const block *response, unsigned char *verdict,
    size_t capacity, size_t *needed, trackside_error *error)
{
    unsigned char *copy = copied(response->bytes, response->length);
    trackside_status status
        = trackside_exchange_end_blob(exchange, copy, response->length, verdict, capacity, needed, error);
    let_go(copy, response->length);
    return status;
}

/* One call finishes the exchange, tells the verdict as the specification says, and frees the exchange. */
static void one_call_ends_an_exchange(void)
{
    trackside_tracker *pages = open_moment("consent.policy = 'notice'\n", &now);
    block response = response_of(NULL, 0);
    size_t needed = 0;

    /* What it should say. */
    trackside_exchange *exchange = begin_page(pages, "/");
    OK(finish_copy, exchange, response.bytes, response.length);
    const trackside_header *headers = NULL;
    size_t count = 0;
    OK(trackside_exchange_headers, exchange, &headers, &count);
    CHECK_INT(count, 2);
    size_t expected = 8;
    for (size_t n = 0; n < count; n++) {
        expected += 8 + headers[n].name.length + headers[n].value.length;
    }

    /* One byte too few: it is finished, and nothing is written. */
    unsigned char *verdict = malloc(expected);
    CHECK(verdict != NULL);
    memset(verdict, 0xee, expected);
    trackside_exchange *full = begin_page(pages, "/");
    FAILS(TRACKSIDE_BUFFER, "verdict", end_copy, full, &response, verdict, expected - 1, &needed);
    CHECK_INT(needed, expected);
    CHECK(verdict[0] == 0xee && verdict[expected - 2] == 0xee);
    trackside_reason reason = 99;
    OK(trackside_exchange_reason, full, &reason);
    CHECK_INT(reason, 0);
    FAILS(TRACKSIDE_FINISHED, "", end_copy, full, &response, verdict, expected, &needed);
    trackside_exchange_free(full);

    OK(end_copy, begin_page(pages, "/"), &response, verdict, expected, &needed);
    CHECK_INT(needed, expected);
    static const unsigned char head[] = { 1, 0, 0, 0, 2, 0, 0, 0 };
    CHECK(memcmp(verdict, head, sizeof head) == 0);
    const unsigned char *lengths = verdict + sizeof head, *part = lengths + 8 * count;
    for (size_t n = 0; n < count; n++, lengths += 8) {
        const trackside_bytes *both[2] = { &headers[n].name, &headers[n].value };
        for (size_t m = 0; m < 2; m++) {
            CHECK_INT(number_at(lengths + 4 * m, 4), both[m]->length);
            CHECK(memcmp(part, both[m]->data, both[m]->length) == 0);
            part += both[m]->length;
        }
    }
    CHECK(part == verdict + expected);
    free(verdict);
    trackside_exchange_free(exchange);

    /* Skipped, and without headers. */
    unsigned char bare[8];
    exchange = begin_page(pages, "/");
    response.bytes[STATUS] = 404 & 0xff;
    response.bytes[STATUS + 1] = 404 >> 8;
    OK(end_copy, exchange, &response, bare, sizeof bare, &needed);
    CHECK_INT(needed, sizeof bare);
    CHECK_INT(number_at(bare + 2, 2), TRACKSIDE_REASON_STATUS);
    CHECK_INT(number_at(bare + 4, 4), 0);

    book book = books_of(pages);
    CHECK_INT(book.requests.seen, 4);
    CHECK_INT(book.requests.tracked, 3);
    trackside_tracker_count_late(pages);
    CHECK_INT(books_of(pages).requests.late, 1);
    trackside_tracker_free(pages);
}

/* Whether it is this name, whatever the case of its letters. */
static bool is_name(trackside_bytes name, const char *other)
{
    return name.length == strlen(other) && strncasecmp(name.data, other, name.length) == 0;
}

/* How many there are, one of which is `known`. */
static size_t count_names(trackside_bytes (*told)(size_t), const char *known)
{
    size_t count = 0;
    bool is_told = false;
    for (trackside_bytes name; (name = told(count)).length > 0; count++) {
        is_told = is_told || is_name(name, known);
    }
    CHECK(is_told);
    CHECK(told(SIZE_MAX).data == NULL);
    return count;
}

/* Who gives these headers alone leaves out nothing that is read. */
static void the_names_that_are_read_are_told(void)
{
    CHECK(count_names(trackside_request_header, "cookie") >= 13);
    CHECK(count_names(trackside_response_header, "content-type") >= 6);

    CHECK(trackside_tracker_header(tracker, 0).data == NULL);
    trackside_tracker *proxied = open_recording("consent.policy = 'none'\nproxy.hops = 1");
    CHECK_TEXT(trackside_tracker_header(proxied, 0), "x-forwarded-for");
    CHECK_TEXT(trackside_tracker_header(proxied, 2), "x-forwarded-host");
    CHECK(trackside_tracker_header(proxied, 3).data == NULL);
    CHECK(trackside_tracker_header(NULL, 0).data == NULL);
    trackside_tracker_free(proxied);
}

/* Through places that are named once, and where nobody asks for errors. */
static void lines_in_places(const unsigned char *lines, size_t length, const block *response)
{
    unsigned char verdict[512];
    trackside_scratch scratch = TRACKSIDE_SCRATCH_INIT;
    scratch.buffer = verdict;
    scratch.capacity = sizeof verdict;
    CHECK_INT(trackside_scratch_begin(&scratch, tracker, lines, 7, SECURE), TRACKSIDE_BLOB);
    CHECK(scratch.exchange == NULL);
    CHECK_INT(trackside_scratch_begin(&scratch, tracker, lines, length, SECURE), TRACKSIDE_OK);
    CHECK(scratch.is_new == trackside_exchange_is_new(scratch.exchange));
    CHECK_INT(trackside_scratch_begin(&scratch, tracker, lines, length, SECURE), TRACKSIDE_INVALID_ARGUMENT);
    CHECK_INT(trackside_scratch_end(&scratch, response->bytes, response->length), TRACKSIDE_OK);
    CHECK(scratch.exchange == NULL && scratch.needed >= 8 && verdict[0] == 1);
}

/* The same request in lines, each header by the place of its name. */
static void lines_say_the_same_as_a_block(void)
{
    block lines = { { 0 }, 0 };
    put_text(&lines, METHOD "\n" TARGET "\n" AUTHORITY "\n203.0.113.9");
    for (size_t n = 0; trackside_request_header(n).length > 0; n++) {
        trackside_bytes value = { "", 1 };
        for (size_t m = 0; m < SENT_COUNT; m++) {
            if (is_name(trackside_request_header(n), SENT[m].name.data)) {
                value = SENT[m].value;
            }
        }
        put_text(&lines, "\n");
        put(&lines, value.data, value.length);
    }
    block request = whole_request(), response = response_of(NULL, 0);
    trackside_exchange *exchange = NULL;
    OK(begin_copy, request.bytes, request.length, &exchange);
    OK(finish_copy, exchange, response.bytes, response.length);
    trackside_exchange_free(exchange);
    unsigned char *copy = copied(lines.bytes, lines.length);
    bool is_new = false;
    OK(trackside_exchange_begin_lines, tracker, copy, lines.length, SECURE, &exchange, &is_new);
    CHECK(is_new == trackside_exchange_is_new(exchange));
    FAILS(TRACKSIDE_BLOB, "`lines`", trackside_exchange_begin_lines, tracker, copy, 7, SECURE, &exchange, NULL);
    OK(finish_copy, exchange, response.bytes, response.length);
    trackside_exchange_free(exchange);
    lines_in_places(copy, lines.length, &response);
    let_go(copy, lines.length);

    size_t count = 0;
    OK(trackside_tracker_recorded_count, tracker, &count);
    trackside_hit *hit = recorded(tracker, count - 3);
    trackside_bytes json = { NULL, 0 };
    OK(trackside_hit_json, hit, &json);
    char expected[2000];
    CHECK(json.length > 100 && json.length < sizeof expected);
    memcpy(expected, json.data, json.length);
    expected[json.length] = 0;
    RECORDED(tracker, count - 2, expected);
    RECORDED(tracker, count - 1, expected);
    trackside_hit_free(hit);
}

static void what_is_over_takes_no_block(void)
{
    block response = whole_response();
    trackside_exchange *exchange = begin_page(tracker, "/");
    OK(trackside_exchange_abandon, exchange);
    FAILS(TRACKSIDE_FINISHED, "", finish_copy, exchange, response.bytes, response.length);
    trackside_exchange_free(exchange);
    exchange = NULL;
    FAILS(TRACKSIDE_INVALID_ARGUMENT, "blob", trackside_exchange_begin_blob, tracker, response.bytes, SIZE_MAX,
        &exchange);
    FAILS(TRACKSIDE_BLOB, "0 bytes", trackside_exchange_begin_blob, tracker, NULL, 0, &exchange);
    CHECK(exchange == NULL);
}

int main(void)
{
    watchdog();
    tracker = open_moment("consent.policy = 'none'\n", &now);
    a_block_says_the_same_as_structs();
    later_words_stand();
    a_block_is_neither_cut_nor_followed();
    requests_are_checked();
    responses_are_checked();
    properties_are_checked();
    events_are_checked();
    any_bytes_give_a_status();
    what_is_over_takes_no_block();
    one_call_ends_an_exchange();
    the_names_that_are_read_are_told();
    lines_say_the_same_as_a_block();
    trackside_tracker_free(tracker);
    return 0;
}
