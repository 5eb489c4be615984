/* From options to the end: open, begin, finish, the verdict, the books, flush, close, free. */

#define _POSIX_C_SOURCE 200809L

#include "kit.h"

static const char TOML[] =
    "site = ['www.example.com']\nconsent.policy = 'notice'\ntrack.ignore = ['/admin/']\n";

static void versions_are_those_of_the_header(void)
{
    unsigned major = 0, minor = 0, patch = 0;
    CHECK_STRING(trackside_version(), TRACKSIDE_VERSION);
    CHECK_INT(trackside_version_number(), TRACKSIDE_VERSION_NUMBER);
    CHECK_INT(trackside_abi(), TRACKSIDE_ABI);
    CHECK_INT(sscanf(TRACKSIDE_VERSION, "%u.%u.%u", &major, &minor, &patch), 3);
    CHECK_INT(TRACKSIDE_VERSION_NUMBER, major * 1000000 + minor * 1000 + patch);
}

static void numbers_have_names(void)
{
    for (trackside_status a = TRACKSIDE_OK; a <= TRACKSIDE_REFUSED; a++) {
        CHECK(trackside_status_text(a)[0] != 0);
        for (trackside_status b = TRACKSIDE_OK; b < a; b++) {
            CHECK(strcmp(trackside_status_text(a), trackside_status_text(b)) != 0);
        }
    }
    CHECK(trackside_status_text(-1)[0] != 0);
    CHECK(trackside_status_text(12345)[0] != 0);
    CHECK_STRING(trackside_reason_code(TRACKSIDE_REASON_OFF), "off");
    CHECK_STRING(trackside_reason_code(TRACKSIDE_REASON_UNKNOWN_SITE), "unknown-site");
    CHECK_STRING(trackside_reason_code(TRACKSIDE_REASON_NO_WORKER), "no-worker");
    CHECK(trackside_reason_code(99) == NULL);
    CHECK(trackside_reason_code(65535) == NULL);
}

/* A new visitor's first page: its id, the notice, and the cookie in the verdict. */
static void a_first_page_sets_the_cookie(const trackside_tracker *tracker, char cookie[200])
{
    trackside_exchange *exchange = begin_page(tracker, "/news/?page=2");
    char id[37] = "";
    OK(trackside_exchange_visitor_id, exchange, id);
    CHECK_INT(strlen(id), 36);
    CHECK(trackside_exchange_is_new(exchange));

    trackside_bytes text = { NULL, 0 }, html = { NULL, 0 };
    OK(trackside_exchange_notice, exchange, &text, &html);
    CHECK_TEXT(text, "www.example.com uses a cookie to count visits.");
    CHECK(html.length >= text.length);
    OK(trackside_exchange_notice, exchange, NULL, &html);
    OK(trackside_exchange_notice, exchange, &text, NULL);

    trackside_reason reason = 999;
    FAILS(TRACKSIDE_UNFINISHED, "", trackside_exchange_reason, exchange, &reason);
    CHECK_INT(reason, 999);
    trackside_response response = page_response();
    OK(trackside_exchange_finish, exchange, &response);
    OK(trackside_exchange_reason, exchange, &reason);
    CHECK_INT(reason, 0);

    const trackside_header *headers = NULL;
    size_t count = 0;
    OK(trackside_exchange_headers, exchange, &headers, &count);
    CHECK_INT(count, 2);
    CHECK_TEXT(headers[0].name, "Set-Cookie");
    CHECK_INT(headers[0].value.data[headers[0].value.length], 0);
    CHECK_INT(strncmp(headers[0].value.data, "trackside=", 10), 0);
    CHECK_INT(strncmp(headers[0].value.data + 10, id, 36), 0);
    CHECK_TEXT(headers[1].name, "Cache-Control");
    CHECK_STRING(headers[1].value.data, "private");
    CHECK_INT(headers[1].name.data[headers[1].name.length], 0);

    size_t end = strcspn(headers[0].value.data, ";");
    CHECK(end < 200);
    memcpy(cookie, headers[0].value.data, end);
    cookie[end] = 0;
    trackside_exchange_free(exchange);
}

/* The same visitor's next page: known, no notice, nothing to append. */
static void a_second_page_appends_nothing(const trackside_tracker *tracker, const char *cookie)
{
    trackside_header headers[2] = { BROWSER[0], { TRACKSIDE_TEXT("cookie"), trackside_text(cookie) } };
    trackside_request request = page_request("/news/3", headers);
    trackside_exchange *exchange = NULL;
    OK(trackside_exchange_begin, tracker, &request, &exchange);
    char id[37] = "";
    OK(trackside_exchange_visitor_id, exchange, id);
    CHECK_INT(strncmp(id, cookie + 10, 36), 0);
    CHECK(!trackside_exchange_is_new(exchange));
    trackside_bytes text = { NULL, 77 };
    FAILS(TRACKSIDE_NOT_FOUND, "", trackside_exchange_notice, exchange, &text, NULL);
    CHECK_INT(text.length, 77);

    trackside_response response = page_response();
    OK(trackside_exchange_finish, exchange, &response);
    const trackside_header *appended = HTML;
    size_t count = 99;
    OK(trackside_exchange_headers, exchange, &appended, &count);
    CHECK_INT(count, 0);
    trackside_exchange_free(exchange);
}

static void what_is_over_stays_so(const trackside_tracker *tracker)
{
    trackside_exchange *exchange = begin_page(tracker, "/over");
    trackside_response response = page_response();
    const trackside_header *headers = NULL;
    trackside_reason reason = 0;
    size_t count = 0;
    FAILS(TRACKSIDE_UNFINISHED, "", trackside_exchange_headers, exchange, &headers, &count);
    OK(trackside_exchange_finish, exchange, &response);
    FAILS(TRACKSIDE_FINISHED, "", trackside_exchange_finish, exchange, &response);
    FAILS(TRACKSIDE_FINISHED, "", trackside_exchange_abandon, exchange);
    OK(trackside_exchange_reason, exchange, &reason);
    CHECK_INT(reason, 0);
    trackside_exchange_free(exchange);

    exchange = begin_page(tracker, "/abandoned");
    OK(trackside_exchange_abandon, exchange);
    FAILS(TRACKSIDE_FINISHED, "", trackside_exchange_abandon, exchange);
    FAILS(TRACKSIDE_FINISHED, "", trackside_exchange_finish, exchange, &response);
    OK(trackside_exchange_reason, exchange, &reason);
    CHECK_INT(reason, TRACKSIDE_REASON_ABANDONED);
    OK(trackside_exchange_headers, exchange, &headers, &count);
    CHECK_INT(count, 0);
    trackside_exchange_free(exchange);

    trackside_exchange_free(begin_page(tracker, "/dropped"));
}

static void pages_are_judged_and_counted(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    char cookie[200];
    a_first_page_sets_the_cookie(tracker, cookie);
    a_second_page_appends_nothing(tracker, cookie);
    CHECK_INT(visit(tracker, "/admin/"), TRACKSIDE_REASON_IGNORED);
    what_is_over_stays_so(tracker);

    book book = books_of(tracker);
    CHECK_INT(book.requests.seen, 6);
    CHECK_INT(book.requests.tracked, 3);
    CHECK_INT(skipped_for(tracker, TRACKSIDE_REASON_IGNORED), 1);
    CHECK_INT(skipped_for(tracker, TRACKSIDE_REASON_ABANDONED), 2);
    CHECK_INT(skipped_for(tracker, 12345), 0);
    CHECK_INT(book.hits.offered, 3);
    CHECK_INT(book.hits.pending, 0);
    CHECK_STRING(book.name, "recording");
    trackside_tracker_free(tracker);
}

/* Stats are a snapshot, which outlives its tracker. */
static void stats_stand_still(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    trackside_stats *stats = NULL;
    CHECK_INT(visit(tracker, "/"), 0);
    OK(trackside_tracker_stats, tracker, &stats);
    CHECK_INT(visit(tracker, "/"), 0);
    trackside_tracker_free(tracker);

    trackside_requests_book requests = TRACKSIDE_REQUESTS_BOOK_INIT;
    OK(trackside_stats_requests, stats, &requests);
    CHECK_INT(requests.seen, 1);
    size_t count = trackside_stats_destination_count(stats);
    CHECK_INT(count, 1);
    trackside_hits_book hits = TRACKSIDE_HITS_BOOK_INIT;
    OK(trackside_stats_destination, stats, 0, &hits);
    CHECK_INT(hits.offered, 1);
    hits.offered = 77;
    FAILS(TRACKSIDE_NOT_FOUND, "index", trackside_stats_destination, stats, count, &hits);
    FAILS(TRACKSIDE_NOT_FOUND, "index", trackside_stats_destination, stats, SIZE_MAX, &hits);
    CHECK_INT(hits.offered, 77);
    CHECK_INT(trackside_stats_hits(stats, count, TRACKSIDE_REASON_CLOSED), 0);
    trackside_stats_free(stats);
}

static void flush_and_close_say_what_was_left(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    trackside_left left = TRACKSIDE_LEFT_INIT;
    CHECK_INT(visit(tracker, "/"), 0);
    left.queued = left.in_flight = left.spooled = 77;
    OK(trackside_tracker_flush, tracker, LIMIT, &left);
    CHECK_INT(left.queued + left.in_flight + left.spooled, 0);
    OK(trackside_tracker_flush, tracker, 0, NULL);
    left.queued = left.in_flight = left.spooled = 77;
    OK(trackside_tracker_close, tracker, UINT64_MAX, &left);
    CHECK_INT(left.queued + left.in_flight + left.spooled, 0);
    OK(trackside_tracker_close, tracker, 0, NULL);

    /* Requests are judged as before; their hits are dropped. */
    CHECK_INT(visit(tracker, "/"), 0);
    CHECK_INT(hits_for(tracker, TRACKSIDE_REASON_CLOSED), 1);
    CHECK_INT(books_of(tracker).requests.tracked, 2);
    trackside_tracker_free(tracker);
}

/* What a close answers is the whole life, and text for Prometheus. */
static void a_close_hands_out_both_books(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    CHECK_INT(visit(tracker, "/"), 0);
    trackside_left left = TRACKSIDE_LEFT_INIT;
    trackside_stats *stats = NULL;
    left.queued = 77;
    OK(trackside_tracker_close_stats, tracker, LIMIT, &left, &stats);
    CHECK_INT(left.queued + left.in_flight + left.spooled, 0);
    CHECK_INT(visit(tracker, "/"), 0);
    trackside_tracker_free(tracker);
    trackside_requests_book requests = TRACKSIDE_REQUESTS_BOOK_INIT;
    OK(trackside_stats_requests, stats, &requests);
    CHECK_INT(requests.seen, 1);

    size_t needed = 0;
    FAILS(TRACKSIDE_BUFFER, "buffer", trackside_stats_prometheus, stats, NULL, 0, &needed);
    char *text = malloc(needed);
    CHECK(text != NULL);
    size_t again = 0;
    OK(trackside_stats_prometheus, stats, text, needed, &again);
    CHECK_INT(again, needed);
    CHECK_INT(strlen(text), needed - 1);
    CHECK(strstr(text, "\ntrackside_requests_total{outcome=\"tracked\"} 1\n") != NULL);
    free(text);
    trackside_stats_free(stats);
}

/* Whoever holds the tracker last closes it. */
static void exchanges_and_visitors_may_outlive_the_tracker(void)
{
    trackside_tracker *tracker = open_recording(TOML);
    trackside_exchange *exchange = begin_page(tracker, "/");
    trackside_visitor *visitor = NULL;
    OK(trackside_exchange_visitor, exchange, &visitor);
    char ids[2][37];
    OK(trackside_exchange_visitor_id, exchange, ids[0]);
    trackside_tracker_free(tracker);
    CHECK_INT(finish_page(exchange), 0);
    OK(trackside_visitor_id, visitor, ids[1]);
    CHECK_STRING(ids[0], ids[1]);
    trackside_visitor_free(visitor);
}

static void many_trackers_know_nothing_of_each_other(void)
{
    trackside_tracker *trackers[20];
    for (unsigned n = 0; n < 20; n++) {
        trackers[n] = open_recording(TOML);
    }
    for (unsigned n = 0; n < 20; n++) {
        for (unsigned page = 0; page < n; page++) {
            CHECK_INT(visit(trackers[n], "/"), 0);
        }
    }
    for (unsigned n = 0; n < 20; n++) {
        CHECK_INT(books_of(trackers[n]).requests.seen, n);
        trackside_tracker_free(trackers[n]);
    }
}

int main(void)
{
    watchdog();
    versions_are_those_of_the_header();
    numbers_have_names();
    pages_are_judged_and_counted();
    stats_stand_still();
    flush_and_close_say_what_was_left();
    a_close_hands_out_both_books();
    exchanges_and_visitors_may_outlive_the_tracker();
    many_trackers_know_nothing_of_each_other();
    return 0;
}
