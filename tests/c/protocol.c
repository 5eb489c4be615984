/* A sink that sends what the destination's protocol encodes, and has it read the answer. */

#define _POSIX_C_SOURCE 200809L

#include "sink.h"

static const char GA4[] =
    "consent.policy = 'none'\ntrack.bots = 'keep'\n[[destination]]\ntype = 'ga4'\nname = 'mine'\n"
    "measurement_id = 'G-ABC123'\napi_secret = 's3cretKey0'\nurl = 'https://collect.example.com/mp'\n";

static bool contains(trackside_bytes text, const char *part)
{
    size_t length = strlen(part);
    for (size_t n = 0; n + length <= text.length; n++) {
        if (memcmp(text.data + n, part, length) == 0) {
            return true;
        }
    }
    return false;
}

static trackside_outcome encodes(receiver *receiver, trackside_batch *batch)
{
    trackside_outgoing_view view = TRACKSIDE_OUTGOING_VIEW_INIT;
    OK(trackside_batch_request, batch, &view);
    CHECK_TEXT(view.method, "POST");
    CHECK_TEXT(view.url, "https://collect.example.com/mp?measurement_id=G-ABC123&api_secret=s3cretKey0");
    CHECK_TEXT(view.shown_url, "https://collect.example.com/mp?measurement_id=G-ABC123&api_secret=***");
    CHECK_INT(view.header_count, 1);
    CHECK_TEXT(view.headers[0].value, "application/json");
    CHECK(contains(view.body, "\"page_view\""));
    for (size_t n = 0; n < trackside_batch_count(batch); n++) {
        const trackside_hit *hit = NULL;
        OK(trackside_batch_hit, batch, n, &hit);
        trackside_bytes path = hit_text(hit, TRACKSIDE_FIELD_PATH);
        char part[80];
        snprintf(part, sizeof part, "http://www.example.com%.*s\"", (int)path.length, path.data);
        if (contains(view.body, part)) {
            receiver->taken++;
        }
    }
    trackside_outcome outcome = 77;
    OK(trackside_batch_classify, batch, 204, NULL, 0, trackside_text(""), &outcome);
    CHECK_INT(outcome, TRACKSIDE_OUTCOME_DELIVERED);
    return outcome;
}

/* GA4 holds one visitor a request: of several visitors' hits, as many requests, and each hit in one of them. */
static void each_hit_is_in_one_request(void)
{
    receiver receiver = RECEIVER_INIT;
    receiver.answer = encodes;
    trackside_tracker *tracker = open_receiver(GA4, &receiver);
    visit_each(tracker, 0, 6);
    close_all(tracker);
    CHECK_INT(receiver.taken, 6);
    CHECK_INT(receiver_calls(&receiver), 6);
    CHECK_INT(books_of(tracker).hits.delivered, 6);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&receiver);
}

/* What an answer means is the protocol's to say. */
static trackside_outcome classifies(receiver *receiver, trackside_batch *batch)
{
    static const struct {
        uint16_t status;
        trackside_outcome outcome;
    } rows[] = {
        { 200, TRACKSIDE_OUTCOME_DELIVERED },
        { 204, TRACKSIDE_OUTCOME_DELIVERED },
        { 302, TRACKSIDE_OUTCOME_REFUSED },
        { 404, TRACKSIDE_OUTCOME_REFUSED },
        { 413, TRACKSIDE_OUTCOME_SPLIT },
        { 429, TRACKSIDE_OUTCOME_RETRY },
        { 500, TRACKSIDE_OUTCOME_UNKNOWN },
        { 503, TRACKSIDE_OUTCOME_RETRY },
        { 0, TRACKSIDE_OUTCOME_UNKNOWN },
        { 999, TRACKSIDE_OUTCOME_UNKNOWN },
    };
    const trackside_header headers[1] = { { TRACKSIDE_TEXT("Retry-After"), TRACKSIDE_TEXT("0") } };
    trackside_outcome outcome = 77;
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        OK(trackside_batch_classify, batch, rows[n].status, headers, 1, trackside_text("body"), &outcome);
        CHECK_INT(outcome, rows[n].outcome);
    }
    OK(trackside_batch_classify, batch, receiver->calls == 1 ? 503 : 200, headers, 1, trackside_text(""), &outcome);
    return outcome;
}

static void answers_are_read(void)
{
    receiver receiver = RECEIVER_INIT;
    receiver.answer = classifies;
    trackside_tracker *tracker = open_receiver(GA4, &receiver);
    visit_each(tracker, 0, 1);
    close_all(tracker);
    CHECK_INT(receiver_calls(&receiver), 2);
    book book = books_of(tracker);
    CHECK_INT(book.hits.delivered, 1);
    CHECK_INT(book.hits.retries, 1);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&receiver);
}

/* The protocol admits before the sink sees a hit. */
static void what_the_receiver_would_not_count_never_comes(void)
{
    receiver receiver = RECEIVER_INIT;
    trackside_tracker *tracker = open_receiver(
        "visitor.identity = 'none'\ntrack.bots = 'keep'\n[[destination]]\ntype = 'ga-v1'\nname = 'mine'\ntracking_id = 'UA-1-1'\n",
        &receiver);
    visit_each(tracker, 0, 2);
    close_all(tracker);
    CHECK_INT(receiver_calls(&receiver), 0);
    CHECK_INT(hits_for(tracker, TRACKSIDE_REASON_NO_VISITOR), 2);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&receiver);
}

/* The type "callback" has no protocol. */
static trackside_outcome has_none(receiver *receiver, trackside_batch *batch)
{
    trackside_outgoing_view view = TRACKSIDE_OUTGOING_VIEW_INIT;
    trackside_outcome outcome = 77;
    REFUSES(TRACKSIDE_UNSUPPORTED, "wire format", trackside_batch_request, batch, &view);
    REFUSES(TRACKSIDE_UNSUPPORTED, "wire format", trackside_batch_classify, batch, 200, NULL, 0, trackside_text(""),
        &outcome);
    CHECK_INT(outcome, 77);
    receiver_take(receiver, batch);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static void a_callback_has_no_protocol(void)
{
    receiver receiver = RECEIVER_INIT;
    receiver.answer = has_none;
    trackside_tracker *tracker = open_receiver(
        "consent.policy = 'none'\n[[destination]]\ntype = 'callback'\nname = 'mine'\n", &receiver);
    visit_each(tracker, 0, 1);
    close_all(tracker);
    CHECK_INT(receiver.taken, 1);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&receiver);
}

int main(void)
{
    watchdog();
    each_hit_is_in_one_request();
    answers_are_read();
    what_the_receiver_would_not_count_never_comes();
    a_callback_has_no_protocol();
    return 0;
}
