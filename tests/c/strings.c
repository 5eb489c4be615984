/* Texts that go in: empty, wrong, raw, not ended by NUL, too long; and errors that come out. */

#define _POSIX_C_SOURCE 200809L

#include <stddef.h>

#include "kit.h"

static const char TOML[] = "consent.policy = 'none'\nprivacy.query = 'keep'\n";

static const trackside_bytes NOTHING = { NULL, 0 };

static trackside_bytes bytes(const char *data, size_t length)
{
    trackside_bytes bytes = { data, length };
    return bytes;
}

/* What any function says to a text that cannot be one. `good` is what it takes. */
#define TAKES_ONLY_TEXT(part, good, function, object) \
    do { \
        REFUSES(TRACKSIDE_INVALID_UTF8, part, function, object, bytes("a\xff" "b", 3)); \
        REFUSES(TRACKSIDE_INVALID_UTF8, part, function, object, bytes("\xe2\x82", 2)); \
        REFUSES(TRACKSIDE_NULL_ARGUMENT, part, function, object, bytes(NULL, 3)); \
        REFUSES(TRACKSIDE_INVALID_ARGUMENT, part, function, object, bytes("x", SIZE_MAX)); \
        REFUSES(TRACKSIDE_INVALID_ARGUMENT, part, function, object, bytes("x", (SIZE_MAX >> 1) + 1)); \
        OK(function, object, good); \
    } while (0)

static void annotations_are_checked_and_copied(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    trackside_exchange *exchange = begin_page(tracker, "/");
    /* Not ended by NUL, and gone after the call. */
    char title[] = "a title\xe2\x82\xac|and more";
    TAKES_ONLY_TEXT("title", bytes(title, 10), trackside_exchange_set_title, exchange);
    memset(title, '#', sizeof title);
    TAKES_ONLY_TEXT("user_id", bytes("u\0v", 3), trackside_exchange_set_user_id, exchange);
    TAKES_ONLY_TEXT("route", NOTHING, trackside_exchange_set_route, exchange);
    OK(trackside_exchange_set_route, exchange, bytes("/ignored", 0));
    CHECK_INT(finish_page(exchange), 0);

    trackside_hit *hit = recorded(tracker, 0);
    CHECK_TEXT(hit_text(hit, TRACKSIDE_FIELD_TITLE), "a title\xe2\x82\xac");
    trackside_bytes user = hit_text(hit, TRACKSIDE_FIELD_USER_ID);
    CHECK_INT(user.length, 3);
    CHECK_INT(memcmp(user.data, "u\0v", 3), 0);
    CHECK_INT(hit_text(hit, TRACKSIDE_FIELD_ROUTE).length, 0);
    trackside_hit_free(hit);
    trackside_tracker_free(tracker);
}

static void options_are_checked(void)
{
    trackside_options *options = NULL;
    OK(trackside_options_new, &options);
    TAKES_ONLY_TEXT("text", trackside_text(TOML), trackside_options_toml, options);
    TAKES_ONLY_TEXT("text", trackside_text("{}"), trackside_options_json, options);
    trackside_options_free(options);

    OK(trackside_options_new, &options);
    REFUSES(TRACKSIDE_INVALID_UTF8, "path", trackside_options_file, options, bytes("a\xff", 2));
    REFUSES(TRACKSIDE_NULL_ARGUMENT, "path", trackside_options_file, options, bytes(NULL, 1));
    trackside_options_free(options);
}

/* What a client sends may be any bytes; a hit says so in its JSON. */
static void requests_are_raw(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    trackside_header headers[4] = {
        { TRACKSIDE_TEXT("HOST"), TRACKSIDE_TEXT("www.example.com") },
        { TRACKSIDE_TEXT("accept"), TRACKSIDE_TEXT("text/html") },
        { TRACKSIDE_TEXT("user-agent"), { "Agent\xff\xfe", 7 } },
        { { "x\xff\0y", 4 }, { NULL, 0 } },
    };
    trackside_request request = page_request("", headers);
    request.target = bytes("/caf\xe9?q=\x80", 9);
    request.header_count = 4;
    trackside_exchange *exchange = NULL;
    OK(trackside_exchange_begin, tracker, &request, &exchange);
    CHECK_INT(finish_page(exchange), 0);

    trackside_hit *hit = recorded(tracker, 0);
    CHECK_TEXT(hit_text(hit, TRACKSIDE_FIELD_PATH), "/caf\xe9");
    CHECK_TEXT(hit_text(hit, TRACKSIDE_FIELD_AGENT), "Agent\xff\xfe");
    trackside_bytes json = { NULL, 0 };
    OK(trackside_hit_json, hit, &json);
    char text[2000];
    CHECK(json.length < sizeof text);
    memcpy(text, json.data, json.length);
    text[json.length] = 0;
    CHECK_PART(text, "\"path\":{\"hex\":\"2f636166e9\"}");
    CHECK_PART(text, "\"agent\":{\"hex\":\"4167656e74fffe\"}");
    trackside_hit_free(hit);

    /* Nothing at all: no method, no target, no headers. It is judged all the same. */
    trackside_request empty = TRACKSIDE_REQUEST_INIT;
    trackside_response response = TRACKSIDE_RESPONSE_INIT;
    trackside_reason reason = 0;
    OK(trackside_exchange_begin, tracker, &empty, &exchange);
    OK(trackside_exchange_finish, exchange, &response);
    OK(trackside_exchange_reason, exchange, &reason);
    CHECK_INT(reason, TRACKSIDE_REASON_METHOD);
    trackside_exchange_free(exchange);
    trackside_tracker_free(tracker);
}

/* Each part of a request with a pointer that is NULL, a length that no memory has, and a wrong size. */
static void requests_of_wrong_parts_are_refused(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    trackside_exchange *const untouched = (trackside_exchange *)(void *)tracker;
    trackside_exchange *exchange = untouched;
    const trackside_request good = page_request("/", BROWSER);
    const struct {
        const char *name;
        size_t offset;
    } parts[] = {
        { "method", offsetof(trackside_request, method) },
        { "target", offsetof(trackside_request, target) },
        { "authority", offsetof(trackside_request, authority) },
        { "peer", offsetof(trackside_request, peer) },
    };
    for (size_t n = 0; n < sizeof parts / sizeof parts[0]; n++) {
        trackside_request request = good;
        trackside_bytes wrong = { NULL, 1 };
        memcpy((char *)&request + parts[n].offset, &wrong, sizeof wrong);
        REFUSES(TRACKSIDE_NULL_ARGUMENT, parts[n].name, trackside_exchange_begin, tracker, &request, &exchange);
        wrong = bytes("x", SIZE_MAX);
        memcpy((char *)&request + parts[n].offset, &wrong, sizeof wrong);
        REFUSES(TRACKSIDE_INVALID_ARGUMENT, parts[n].name, trackside_exchange_begin, tracker, &request, &exchange);
    }
    static const char *const no_addresses[] = { "localhost", "203.0.113", "203.0.113.9:80", "[::1]", " ::1", "\xff" };
    for (size_t n = 0; n < sizeof no_addresses / sizeof no_addresses[0]; n++) {
        trackside_request request = good;
        request.peer = trackside_text(no_addresses[n]);
        REFUSES(TRACKSIDE_INVALID_ARGUMENT, "peer", trackside_exchange_begin, tracker, &request, &exchange);
    }

    trackside_request request = good;
    request.header_count = SIZE_MAX;
    REFUSES(TRACKSIDE_INVALID_ARGUMENT, "header", trackside_exchange_begin, tracker, &request, &exchange);
    request.header_count = SIZE_MAX / sizeof(trackside_header) + 1;
    REFUSES(TRACKSIDE_INVALID_ARGUMENT, "header", trackside_exchange_begin, tracker, &request, &exchange);
    request.headers = NULL;
    request.header_count = 1;
    REFUSES(TRACKSIDE_NULL_ARGUMENT, "headers", trackside_exchange_begin, tracker, &request, &exchange);
    trackside_header headers[2] = { BROWSER[0], { { NULL, 4 }, TRACKSIDE_TEXT("x") } };
    request = page_request("/", headers);
    REFUSES(TRACKSIDE_NULL_ARGUMENT, "header", trackside_exchange_begin, tracker, &request, &exchange);
    headers[1].name = trackside_text("accept");
    headers[1].value = bytes(NULL, 4);
    REFUSES(TRACKSIDE_NULL_ARGUMENT, "header", trackside_exchange_begin, tracker, &request, &exchange);
    CHECK(exchange == untouched);
    CHECK_INT(books_of(tracker).requests.seen, 0);
    trackside_tracker_free(tracker);
}

/* A struct says its size: 0 is a mistake, a smaller one an older program's, a larger one a newer one's. */
static void sizes_are_looked_at(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    trackside_exchange *exchange = NULL;
    trackside_request request = page_request("/", BROWSER);
    request.size = 0;
    REFUSES(TRACKSIDE_INVALID_ARGUMENT, "size", trackside_exchange_begin, tracker, &request, &exchange);
    struct {
        trackside_request request;
        char more[64];
    } newer = { page_request("/", BROWSER), { 1 } };
    newer.request.size = sizeof newer;
    OK(trackside_exchange_begin, tracker, &newer.request, &exchange);

    trackside_response response = page_response();
    response.size = 0;
    REFUSES(TRACKSIDE_INVALID_ARGUMENT, "size", trackside_exchange_finish, exchange, &response);

    /* Where its size is wrong, its error struct is not looked for. */
    const unsigned char byte = 1;
    trackside_error error = TRACKSIDE_ERROR_INIT;
    trackside_scratch scratch = TRACKSIDE_SCRATCH_INIT;
    scratch.exchange = exchange;
    scratch.error = &error;
    scratch.size = offsetof(trackside_scratch, error);
    CHECK_INT(trackside_scratch_end(&scratch, &byte, 1), TRACKSIDE_INVALID_ARGUMENT);
    CHECK_INT(trackside_scratch_begin(&scratch, tracker, &byte, 1, 0), TRACKSIDE_INVALID_ARGUMENT);
    CHECK(scratch.exchange == exchange && error.status == 0);
    CHECK_INT(finish_page(exchange), 0);
    trackside_tracker_free(tracker);
}

/* Only as much of an error is written as its size says; its text ends at a character. */
static void errors_fit_their_struct(void)
{
    trackside_options *options = NULL;
    OK(trackside_options_new, &options);
    struct {
        trackside_error error;
        char guard;
    } guarded = { TRACKSIDE_ERROR_INIT, 'g' };
    memset(guarded.error.text, 'x', sizeof guarded.error.text);
    guarded.error.size = 0;
    guarded.error.status = 77;
    CHECK_INT(trackside_options_toml(options, bytes("\xff", 1), &guarded.error), TRACKSIDE_INVALID_UTF8);
    CHECK_INT(guarded.error.status, 77);
    CHECK_INT(guarded.error.text[0], 'x');
    guarded.error.size = offsetof(trackside_error, text);
    CHECK_INT(trackside_options_toml(options, bytes("\xff", 1), &guarded.error), TRACKSIDE_INVALID_UTF8);
    CHECK_INT(guarded.error.status, TRACKSIDE_INVALID_UTF8);
    CHECK_INT(guarded.error.text[0], 'x');

    /* One mistake whose text is longer than fits, of three bytes a character. */
    guarded.error.size = sizeof guarded.error;
    static const char euros[] = "mode = '\xe2\x82\xac\xe2\x82\xac";
    char toml[1000];
    for (size_t shift = 0; shift < 3; shift++) {
        size_t length = sizeof euros - 1;
        memcpy(toml, euros, length);
        memset(toml + length, 'y', shift);
        length += shift;
        for (int n = 0; n < 250; n++, length += 3) {
            memcpy(toml + length, "\xe2\x82\xac", 3);
        }
        toml[length++] = '\'';
        trackside_options *wrong = NULL;
        trackside_tracker *tracker = NULL;
        OK(trackside_options_new, &wrong);
        trackside_status status = trackside_options_toml(wrong, bytes(toml, length), &guarded.error);
        if (status == TRACKSIDE_OK) {
            status = trackside_tracker_open(wrong, &tracker, &guarded.error);
        }
        CHECK_INT(status, TRACKSIDE_CONFIG);
        size_t end = strlen(guarded.error.text);
        CHECK(end < sizeof guarded.error.text);
        CHECK_INT(guarded.guard, 'g');
        /* The end is that of a character: what follows the last lead byte is whole. */
        size_t back = 0;
        while (back < end && ((unsigned char)guarded.error.text[end - 1 - back] & 0xc0) == 0x80) {
            back++;
        }
        unsigned char lead = (unsigned char)guarded.error.text[end - 1 - back];
        CHECK_INT(back, lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0);
        trackside_options_free(wrong);
    }
    trackside_options_free(options);
}

static void long_texts_are_cut(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    trackside_exchange *exchange = begin_page(tracker, "/");
    size_t size = 1 << 20;
    char *title = malloc(size);
    CHECK(title != NULL);
    memset(title, 't', size);
    OK(trackside_exchange_set_title, exchange, bytes(title, size));
    free(title);
    CHECK_INT(finish_page(exchange), 0);
    trackside_hit *hit = recorded(tracker, 0);
    CHECK_INT(hit_text(hit, TRACKSIDE_FIELD_TITLE).length, 1500);
    trackside_hit_free(hit);
    trackside_tracker_free(tracker);
}

int main(void)
{
    watchdog();
    CHECK_INT(trackside_text("abc").length, 3);
    CHECK_INT(trackside_text("").length, 0);
    CHECK_INT(trackside_text(NULL).length, 0);
    annotations_are_checked_and_copied();
    options_are_checked();
    requests_are_raw();
    requests_of_wrong_parts_are_refused();
    sizes_are_looked_at();
    errors_fit_their_struct();
    long_texts_are_cut();
    return 0;
}
