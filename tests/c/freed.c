/* Handles that were freed: undefined, and yet caught as long as nothing else has taken their memory. Not for
   tools that watch the memory. */

#define _POSIX_C_SOURCE 200809L

#include "kit.h"

int main(void)
{
    watchdog();
    trackside_tracker *tracker = open_recording("consent.policy = 'none'\n");
    trackside_exchange *exchange = begin_page(tracker, "/");
    trackside_response response = page_response();
    trackside_stats *stats = NULL;
    trackside_requests_book requests = TRACKSIDE_REQUESTS_BOOK_INIT;
    OK(trackside_tracker_stats, tracker, &stats);

    trackside_exchange_free(exchange);
    CHECK_INT(trackside_exchange_finish(exchange, &response, NULL), TRACKSIDE_WRONG_HANDLE);
    CHECK_INT(trackside_exchange_abandon(exchange, NULL), TRACKSIDE_WRONG_HANDLE);
    trackside_exchange_free(exchange);
    CHECK_INT(books_of(tracker).requests.seen, 1);

    trackside_stats_free(stats);
    CHECK_INT(trackside_stats_requests(stats, &requests, NULL), TRACKSIDE_WRONG_HANDLE);
    trackside_stats_free(stats);

    trackside_tracker_free(tracker);
    CHECK_INT(trackside_tracker_flush(tracker, 1, NULL, NULL), TRACKSIDE_WRONG_HANDLE);
    trackside_tracker_free(tracker);
    return 0;
}
