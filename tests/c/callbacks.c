/* A sink of the host's own behind the normal pool: every outcome, and free exactly once. */

#define _POSIX_C_SOURCE 200809L

#include "sink.h"

static const char TOML[] =
    "consent.policy = 'none'\n[[destination]]\ntype = 'callback'\nname = 'mine'\nbatch.age = '20s'\n";

static void hits_arrive_with_all_their_fields(void)
{
    receiver receiver = RECEIVER_INIT;
    trackside_tracker *tracker = open_receiver(TOML, &receiver);
    CHECK_INT(receiver_calls(&receiver), 0);
    visit_each(tracker, 0, 5);
    OK(trackside_tracker_flush, tracker, LIMIT, NULL);
    CHECK_INT(receiver.taken, 5);
    CHECK_STRING(receiver.paths[0], "/0");
    CHECK_STRING(receiver.paths[4], "/4");
    CHECK_INT(receiver.sizes[0], 5);
    close_all(tracker);
    book book = books_of(tracker);
    CHECK_STRING(book.name, "mine");
    CHECK_INT(book.hits.offered, 5);
    CHECK_INT(book.hits.delivered, 5);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&receiver);
}

/* Certainly not processed: made again, with the wait that was asked for at least. */
static trackside_outcome first_retry(receiver *receiver, trackside_batch *batch)
{
    if (receiver->calls == 1) {
        OK(trackside_batch_retry_after, batch, 1);
        return TRACKSIDE_OUTCOME_RETRY;
    }
    receiver_take(receiver, batch);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static void a_retried_batch_is_delivered_once(void)
{
    receiver receiver = RECEIVER_INIT;
    receiver.answer = first_retry;
    trackside_tracker *tracker = open_receiver(TOML, &receiver);
    visit_each(tracker, 0, 3);
    close_all(tracker);
    CHECK_INT(receiver_calls(&receiver), 2);
    CHECK_INT(receiver.taken, 3);
    book book = books_of(tracker);
    CHECK_INT(book.hits.delivered, 3);
    CHECK_INT(book.hits.retries, 1);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&receiver);
}

/* It answers to the first hit with a failure, and takes all others. */
static trackside_outcome fails_over_the_first(receiver *receiver, trackside_batch *batch)
{
    const trackside_hit *hit = NULL;
    OK(trackside_batch_hit, batch, 0, &hit);
    trackside_bytes path = hit_text(hit, TRACKSIDE_FIELD_PATH);
    if (path.length == 2 && memcmp(path.data, "/0", 2) == 0) {
        OK(trackside_batch_answered, batch);
        return TRACKSIDE_OUTCOME_RETRY;
    }
    receiver_take(receiver, batch);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

/* It stands aside after three answers, is tried again beside others, and refused. */
static void a_hit_over_which_the_receiver_fails_is_refused(void)
{
    receiver receiver = RECEIVER_INIT;
    receiver.answer = fails_over_the_first;
    trackside_tracker *tracker = open_receiver(
        "consent.policy = 'none'\n[[destination]]\ntype = 'callback'\nname = 'mine'\nbatch.hits = 1\n", &receiver);
    visit_each(tracker, 0, 8);
    close_all(tracker);
    CHECK_INT(receiver.taken, 7);
    CHECK_INT(books_of(tracker).hits.delivered, 7);
    CHECK_INT(hits_for(tracker, TRACKSIDE_REASON_POISON), 1);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&receiver);
}

static trackside_outcome always(receiver *receiver, trackside_batch *batch)
{
    (void)batch;
    return receiver->outcome;
}

/* What is not delivered ends under the reason that the outcome stands for. */
static void each_outcome_has_its_reason(void)
{
    static const struct {
        trackside_outcome outcome;
        trackside_reason reason;
        bool is_refused;
    } rows[] = {
        { TRACKSIDE_OUTCOME_UNKNOWN, TRACKSIDE_REASON_AMBIGUOUS, false },
        { 77, TRACKSIDE_REASON_AMBIGUOUS, false },
        { -1, TRACKSIDE_REASON_AMBIGUOUS, false },
        { TRACKSIDE_OUTCOME_REFUSED, TRACKSIDE_REASON_REJECTED, true },
        { TRACKSIDE_OUTCOME_UNAVAILABLE, TRACKSIDE_REASON_STORE_UNAVAILABLE, false },
        { TRACKSIDE_OUTCOME_SPLIT, TRACKSIDE_REASON_TOO_LARGE, true },
    };
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        receiver receiver = RECEIVER_INIT;
        receiver.answer = always;
        receiver.outcome = rows[n].outcome;
        trackside_tracker *tracker = open_receiver(TOML, &receiver);
        visit_each(tracker, 0, 4);
        close_all(tracker);
        CHECK_INT(hits_for(tracker, rows[n].reason), 4);
        book book = books_of(tracker);
        CHECK_INT(book.hits.delivered, 0);
        CHECK_INT(rows[n].is_refused ? book.hits.refused : book.hits.dropped, 4);
        trackside_tracker_free(tracker);
        receiver_is_let_go(&receiver);
    }
}

static trackside_outcome all_but_the_second(receiver *receiver, trackside_batch *batch)
{
    const trackside_hit *hit = NULL;
    FAILS(TRACKSIDE_NOT_FOUND, "index", trackside_batch_refuse, batch, trackside_batch_count(batch));
    FAILS(TRACKSIDE_NOT_FOUND, "index", trackside_batch_hit, batch, trackside_batch_count(batch), &hit);
    CHECK(hit == NULL);
    OK(trackside_batch_refuse, batch, 1);
    OK(trackside_batch_refuse, batch, 1);
    receiver_take(receiver, batch);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static void one_hit_can_be_refused(void)
{
    receiver receiver = RECEIVER_INIT;
    receiver.answer = all_but_the_second;
    trackside_tracker *tracker = open_receiver(TOML, &receiver);
    visit_each(tracker, 0, 3);
    close_all(tracker);
    CHECK_INT(receiver_calls(&receiver), 1);
    CHECK_INT(books_of(tracker).hits.delivered, 2);
    CHECK_INT(hits_for(tracker, TRACKSIDE_REASON_REJECTED), 1);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&receiver);
}

static trackside_outcome at_most_two(receiver *receiver, trackside_batch *batch)
{
    if (trackside_batch_count(batch) > 2) {
        return TRACKSIDE_OUTCOME_SPLIT;
    }
    receiver_take(receiver, batch);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static void a_batch_is_split_until_it_fits(void)
{
    receiver receiver = RECEIVER_INIT;
    receiver.answer = at_most_two;
    trackside_tracker *tracker = open_receiver(TOML, &receiver);
    visit_each(tracker, 0, 9);
    close_all(tracker);
    CHECK_INT(receiver.taken, 9);
    for (int n = 0; n < 9; n++) {
        char path[20];
        snprintf(path, sizeof path, "/%d", n);
        CHECK_STRING(receiver.paths[n], path);
    }
    CHECK_INT(books_of(tracker).hits.delivered, 9);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&receiver);
}

static trackside_outcome one_at_a_time(receiver *receiver, trackside_batch *batch)
{
    size_t count = trackside_batch_count(batch);
    FAILS(TRACKSIDE_INVALID_ARGUMENT, "leading", trackside_batch_taken, batch, 0);
    FAILS(TRACKSIDE_INVALID_ARGUMENT, "leading", trackside_batch_taken, batch, count + 1);
    OK(trackside_batch_taken, batch, count);
    OK(trackside_batch_taken, batch, 1);
    receiver_take_leading(receiver, batch, 1);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static void what_was_not_taken_comes_again(void)
{
    receiver receiver = RECEIVER_INIT;
    receiver.answer = one_at_a_time;
    trackside_tracker *tracker = open_receiver(TOML, &receiver);
    visit_each(tracker, 0, 4);
    close_all(tracker);
    CHECK_INT(receiver_calls(&receiver), 4);
    CHECK_INT(receiver.taken, 4);
    CHECK_STRING(receiver.paths[3], "/3");
    book book = books_of(tracker);
    CHECK_INT(book.hits.delivered, 4);
    CHECK_INT(book.hits.retries, 0);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&receiver);
}

static trackside_outcome until_let_go(receiver *receiver, trackside_batch *batch)
{
    counter_add(&receiver->entered, 1);
    counter_wait(&receiver->door, 1);
    receiver_take(receiver, batch);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static trackside_outcome one_by_one_then_all(receiver *receiver, trackside_batch *batch)
{
    unsigned entered = counter_add(&receiver->entered, 1);
    counter_wait(&receiver->door, entered == 1 ? 1 : 2);
    receiver_take(receiver, batch);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

/* Where the configuration allows two, and the first is slow, there are two inside at once. */
static void workers_deliver_side_by_side(void)
{
    receiver receiver = RECEIVER_INIT;
    receiver.answer = one_by_one_then_all;
    trackside_tracker *tracker = open_receiver(
        "consent.policy = 'none'\n[[destination]]\ntype = 'callback'\nname = 'mine'\nworkers = 2\nbatch.hits = 1\n",
        &receiver);
    visit_each(tracker, 0, 1);
    counter_wait(&receiver.entered, 1);
    /* Longer than what counts as slow. */
    trackside_left left = TRACKSIDE_LEFT_INIT;
    OK(trackside_tracker_flush, tracker, 50, &left);
    CHECK_INT(left.in_flight, 1);
    visit_each(tracker, 1, 8);
    counter_add(&receiver.door, 1);
    counter_wait(&receiver.entered, 3);
    counter_add(&receiver.door, 1);
    close_all(tracker);
    CHECK_INT(receiver.taken, 8);
    CHECK_INT(books_of(tracker).hits.delivered, 8);
    trackside_tracker_free(tracker);
    receiver_is_let_go(&receiver);
}

/* Blocked past the deadline of close: said to be in flight, counted late, let go by the worker. */
static void a_blocked_sink_is_left_behind(void)
{
    receiver receiver = RECEIVER_INIT;
    receiver.answer = until_let_go;
    trackside_tracker *tracker = open_receiver(
        "consent.policy = 'none'\n[[destination]]\ntype = 'callback'\nname = 'mine'\nbatch.hits = 1\n", &receiver);
    visit_each(tracker, 0, 1);
    trackside_left left = TRACKSIDE_LEFT_INIT;
    counter_wait(&receiver.entered, 1);
    visit_each(tracker, 1, 3);
    OK(trackside_tracker_flush, tracker, 1, &left);
    CHECK_INT(left.queued, 2);
    CHECK_INT(left.in_flight, 1);
    OK(trackside_tracker_close, tracker, 1, &left);
    CHECK_INT(left.queued, 2);
    CHECK_INT(left.in_flight, 1);
    book book = books_of(tracker);
    CHECK_INT(book.hits.pending, 1);
    CHECK_INT(book.hits.in_flight, 1);
    CHECK_INT(hits_for(tracker, TRACKSIDE_REASON_SHUTDOWN), 2);

    CHECK_INT(counter_get(&receiver.freed), 0);
    trackside_tracker_free(tracker);
    CHECK_INT(counter_get(&receiver.freed), 0);
    counter_add(&receiver.door, 1);
    counter_wait(&receiver.freed, 1);
    receiver_is_let_go(&receiver);
    CHECK_INT(receiver.taken, 1);
}

int main(void)
{
    watchdog();
    hits_arrive_with_all_their_fields();
    a_retried_batch_is_delivered_once();
    a_hit_over_which_the_receiver_fails_is_refused();
    each_outcome_has_its_reason();
    one_hit_can_be_refused();
    a_batch_is_split_until_it_fits();
    what_was_not_taken_comes_again();
    workers_deliver_side_by_side();
    a_blocked_sink_is_left_behind();
    return 0;
}
