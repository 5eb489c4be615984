/* Bugs of the library's, injected: each call says so, and the next one works. Only against a library that was
   built for it. */

#define _POSIX_C_SOURCE 200809L

#include "kit.h"

/* Makes this thread's next call panic: 1 with a text, 2 with what panics again when it is dropped. */
extern void trackside_inject_panic(int32_t kind);

/* Each of these panics, and says so where it can. */
#define PANICS(function, ...) \
    do { \
        for (int32_t kind = 1; kind <= 2; kind++) { \
            trackside_inject_panic(kind); \
            FAILS(TRACKSIDE_PANIC, kind == 1 ? "injected" : "bug", function, __VA_ARGS__); \
        } \
    } while (0)

int main(void)
{
    watchdog();
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
