/* Bugs of the library's, injected: each call says so, and the next one works. Only against a library that was
   built for it. */

#define _POSIX_C_SOURCE 200809L

#include "kit.h"

/* Makes this thread's next call panic: 1 with a text, 2 with what panics again when it is dropped; and the next that
   comes there: 3 while it looks at headers, 4 when an exchange is over and its verdict is not kept yet. */
extern void trackside_inject_panic(int32_t kind);

/* Each of these panics, and says so where it can. */
#define PANICS(function, ...) \
    do { \
        for (int32_t kind = 1; kind <= 2; kind++) { \
            trackside_inject_panic(kind); \
            FAILS(TRACKSIDE_PANIC, kind == 1 ? "injected" : "bug", function, __VA_ARGS__); \
        } \
    } while (0)

enum { MIDWAY = 3, LATE = 4 };

/* In the midst of a begin nothing is begun, and in that of a finish nothing is finished: both can be done again. */
static void what_breaks_midway_is_not_done(void)
{
    trackside_tracker *tracker = open_recording("consent.policy = 'none'\n");
    trackside_request request = page_request("/", BROWSER);
    trackside_response response = page_response();
    trackside_exchange *exchange = NULL;
    trackside_inject_panic(MIDWAY);
    FAILS(TRACKSIDE_PANIC, "injected", trackside_exchange_begin, tracker, &request, &exchange);
    CHECK(exchange == NULL);
    CHECK_INT(books_of(tracker).requests.seen, 0);

    OK(trackside_exchange_begin, tracker, &request, &exchange);
    trackside_reason reason = 999;
    for (int n = 0; n < 2; n++) {
        trackside_inject_panic(MIDWAY);
        FAILS(TRACKSIDE_PANIC, "injected", trackside_exchange_finish, exchange, &response);
        FAILS(TRACKSIDE_UNFINISHED, "", trackside_exchange_reason, exchange, &reason);
        CHECK_INT(books_of(tracker).requests.seen, 0);
        CHECK_INT(books_of(tracker).hits.offered, 0);
    }
    CHECK_INT(finish_page(exchange), 0);
    CHECK_INT(books_of(tracker).requests.tracked, 1);
    CHECK_INT(books_of(tracker).hits.offered, 1);

    /* Nobody tries again: it is counted once, all the same. */
    exchange = begin_page(tracker, "/");
    trackside_inject_panic(MIDWAY);
    FAILS(TRACKSIDE_PANIC, "injected", trackside_exchange_finish, exchange, &response);
    trackside_exchange_free(exchange);
    CHECK_INT(skipped_for(tracker, TRACKSIDE_REASON_ABANDONED), 1);
    CHECK_INT(books_of(tracker).hits.offered, 1);
    trackside_tracker_free(tracker);
}

/* When the hit is on its way it is not sent again; of the verdict the headers alone are lost. */
static void what_breaks_late_is_done(void)
{
    trackside_tracker *tracker = open_recording("consent.policy = 'notice'\ntrack.ignore = ['/admin/']\n");
    trackside_response response = page_response();
    for (int n = 0; n < 2; n++) {
        const trackside_header *headers = NULL;
        trackside_reason reason = 999;
        size_t count = 99;
        trackside_exchange *exchange = begin_page(tracker, n == 0 ? "/" : "/admin/");
        trackside_inject_panic(LATE);
        FAILS(TRACKSIDE_PANIC, "injected", trackside_exchange_finish, exchange, &response);
        FAILS(TRACKSIDE_FINISHED, "", trackside_exchange_finish, exchange, &response);
        OK(trackside_exchange_reason, exchange, &reason);
        CHECK_INT(reason, n == 0 ? 0 : TRACKSIDE_REASON_IGNORED);
        OK(trackside_exchange_headers, exchange, &headers, &count);
        CHECK_INT(count, 0);
        trackside_exchange_free(exchange);
    }
    book book = books_of(tracker);
    CHECK_INT(book.requests.seen, 2);
    CHECK_INT(book.requests.tracked, 1);
    CHECK_INT(book.hits.offered, 1);
    trackside_tracker_free(tracker);
}

int main(void)
{
    watchdog();
    what_breaks_midway_is_not_done();
    what_breaks_late_is_done();
    trackside_tracker *tracker = open_recording("consent.policy = 'none'\n");
    trackside_request request = page_request("/", BROWSER);
    trackside_response response = page_response();
    trackside_exchange *exchange = NULL;
    trackside_stats *stats = NULL;
    PANICS(trackside_exchange_begin, tracker, &request, &exchange);
    PANICS(trackside_tracker_stats, tracker, &stats);
    PANICS(trackside_tracker_flush, tracker, 1, NULL);
    CHECK(exchange == NULL && stats == NULL);

    OK(trackside_exchange_begin, tracker, &request, &exchange);
    PANICS(trackside_exchange_set_title, exchange, trackside_text("title"));
    PANICS(trackside_exchange_finish, exchange, &response);
    trackside_inject_panic(1);
    CHECK(!trackside_exchange_is_new(exchange));
    CHECK(trackside_exchange_is_new(exchange));
    trackside_reason reason = 999;
    OK(trackside_exchange_finish, exchange, &response);
    OK(trackside_exchange_reason, exchange, &reason);
    CHECK_INT(reason, 0);
    trackside_exchange_free(exchange);
    CHECK_INT(books_of(tracker).requests.tracked, 1);

    /* Nothing to say, and no crash. The next call has nothing left to panic over. */
    trackside_inject_panic(1);
    trackside_tracker_free(NULL);
    trackside_tracker_free(tracker);
    return 0;
}
