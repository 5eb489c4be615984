#define _POSIX_C_SOURCE 200809L

#include "tracking.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* From any thread: what goes wrong while nobody looks. */
static void log_line(void *userdata, int32_t level, trackside_bytes message)
{
    (void)userdata;
    fprintf(stderr, "trackside[%d]: %.*s\n", (int)level, (int)message.length, message.data);
}

trackside_tracker *tracking_open(const char *file, const char *configuration)
{
    trackside_error error = TRACKSIDE_ERROR_INIT;
    trackside_options *options = NULL;
    trackside_tracker *tracker = NULL;
    trackside_log_set(log_line, TRACKSIDE_LOG_WARN, NULL, NULL);
    trackside_status status = trackside_options_new(&options, &error);
    if (status == TRACKSIDE_OK)
        status = file != NULL ? trackside_options_file(options, trackside_text(file), &error)
                              : trackside_options_toml(options, trackside_text(configuration), &error);
    if (status == TRACKSIDE_OK)
        status = trackside_tracker_open(options, &tracker, &error);
    trackside_options_free(options);
    if (status != TRACKSIDE_OK) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    return tracker;
}

/* Reasons have numbers from 1: of requests skipped; from 100: of hits refused; from 200: of hits dropped. */
enum { SKIPPED = 1, REFUSED = 100, DROPPED = 200, END = 300 };

static uint64_t count(const trackside_stats *stats, size_t destination, int reason)
{
    return reason < REFUSED ? trackside_stats_skipped(stats, (trackside_reason)reason)
                            : trackside_stats_hits(stats, destination, (trackside_reason)reason);
}

/* ` (ignored 3, status 1)`: what the number before consists of. */
static void print_reasons(const trackside_stats *stats, size_t destination, int first, int end)
{
    const char *before = " (";
    for (int reason = first; reason < end; reason++) {
        const uint64_t n = count(stats, destination, reason);
        if (n == 0)
            continue;
        printf("%s%s %" PRIu64, before, trackside_reason_code((trackside_reason)reason), n);
        before = ", ";
    }
    if (*before == ',')
        putchar(')');
}

static void print_requests(const trackside_stats *stats)
{
    trackside_requests_book book = TRACKSIDE_REQUESTS_BOOK_INIT;
    trackside_stats_requests(stats, &book, NULL);
    printf("process %ld: requests: %" PRIu64 " seen = %" PRIu64 " tracked + %" PRIu64 " skipped", (long)getpid(),
           book.seen, book.tracked, book.seen - book.tracked);
    print_reasons(stats, 0, SKIPPED, REFUSED);
    putchar('\n');
}

static void print_hits(const trackside_stats *stats, size_t destination)
{
    trackside_hits_book book = TRACKSIDE_HITS_BOOK_INIT;
    trackside_stats_destination(stats, destination, &book, NULL);
    printf("process %ld: hits to %.*s: %" PRIu64 " offered + %" PRIu64 " adopted = %" PRIu64 " delivered + %" PRIu64
           " refused", (long)getpid(), (int)book.name.length, book.name.data, book.offered, book.adopted, book.delivered,
           book.refused);
    print_reasons(stats, destination, REFUSED, DROPPED);
    printf(" + %" PRIu64 " dropped", book.dropped);
    print_reasons(stats, destination, DROPPED, END);
    printf(" + %" PRIu64 " pending\n", book.pending);
}

static void print_books(const trackside_tracker *tracker, const trackside_left *left)
{
    trackside_stats *stats = NULL;
    if (trackside_tracker_stats(tracker, &stats, NULL) != TRACKSIDE_OK)
        return;
    print_requests(stats);
    for (size_t i = 0; i < trackside_stats_destination_count(stats); i++)
        print_hits(stats, i);
    trackside_stats_free(stats);
    printf("process %ld: left: %" PRIu64 " queued, %" PRIu64 " in flight, %" PRIu64 " spooled\n", (long)getpid(),
           left->queued, left->in_flight, left->spooled);
    fflush(stdout);
}

void tracking_flush(const trackside_tracker *tracker, uint64_t milliseconds)
{
    trackside_left left = TRACKSIDE_LEFT_INIT;
    trackside_tracker_flush(tracker, milliseconds, &left, NULL);
    print_books(tracker, &left);
}

void tracking_close(trackside_tracker *tracker, uint64_t milliseconds)
{
    trackside_left left = TRACKSIDE_LEFT_INIT;
    trackside_tracker_close(tracker, milliseconds, &left, NULL);
    print_books(tracker, &left);
    trackside_tracker_free(tracker);
}
