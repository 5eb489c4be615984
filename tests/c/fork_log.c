/* The log across forks: children go on telling the callback that they inherit, each with its own copy of what the
   userdata points at, and set another without their parent's noticing; while other threads of the parent's are
   telling. */

#define _POSIX_C_SOURCE 200809L

#include "kit.h"

enum { ERROR = 1, WARN = 2, INFO = 3, DEBUG = 4, LEVELS = 5 };
enum { FORKS = 12, PAGES = 240, SENDERS = 2, EACH = 3, LINE = 400 };

/* Opening a tracker with this warns, of the time that is cut. */
static const char WARNS[] = "consent.policy = 'none'\nvisitor.cookie.max_age = '500d'\n";

static const char FAILING[] =
    "consent.policy = 'none'\n[[destination]]\ntype = 'file'\nname = 'lines'\npath = '/nowhere/at/all.jsonl'\n";

/* What the userdata points at. */
typedef struct journal {
    /* Where all processes append what they are told. */
    int file;
    /* Who is told: 0 for the parent. */
    unsigned who;
} journal;

static counter sent = COUNTER_INIT;

/* One line a message, in one write. Without a lock: a fork may find it taken. */
static void note(void *userdata, int32_t level, trackside_bytes message)
{
    const journal *self = userdata;
    char line[LINE];
    int shown = message.length < 300 ? (int)message.length : 300;
    int length = snprintf(line, sizeof line, "%u %d %.*s\n", self->who, (int)level, shown, message.data);
    CHECK(length > 0 && length < LINE);
    CHECK_INT(write(self->file, line, (size_t)length), length);
}

/* What a child says, and what it does not: EACH debug messages, one warning, and one error. */
static void live(const trackside_tracker *tracker, journal *journal, unsigned who)
{
    watchdog();
    journal->who = who;
    for (int n = 0; n < EACH; n++) {
        CHECK_INT(visit(tracker, "/"), 0);
    }
    OK(trackside_log_set, note, WARN, journal);
    CHECK_INT(visit(tracker, "/"), 0);
    trackside_tracker_free(open_recording(WARNS));

    /* A worker of the child's says this one. */
    trackside_tracker *failing = open_options(options_of(FAILING));
    CHECK_INT(visit(failing, "/"), 0);
    close_all(failing);
    CHECK_INT(hits_for(failing, TRACKSIDE_REASON_STORE_UNAVAILABLE), 1);
    trackside_tracker_free(failing);

    OK(trackside_log_set, NULL, DEBUG, NULL);
    CHECK_INT(visit(tracker, "/"), 0);
    trackside_tracker_free(open_recording(WARNS));
    exit(0);
}

/* Goes on telling while the others fork. */
static void *send(void *argument)
{
    for (unsigned n = 0; n < PAGES / SENDERS; n++) {
        CHECK_INT(visit(argument, "/"), 0);
        counter_add(&sent, 1);
    }
    return NULL;
}

/* Counts what was told, by who and level. */
static void read_journal(const char *path, unsigned told[FORKS + 1][LEVELS])
{
    static const char *const said[LEVELS] = { "", "/nowhere/at/all.jsonl", "max_age", "", "tracked" };
    char line[LINE];
    FILE *lines = fopen(path, "r");
    CHECK(lines != NULL);
    while (fgets(line, sizeof line, lines) != NULL) {
        unsigned who = 0, level = 0;
        CHECK_INT(sscanf(line, "%u %u", &who, &level), 2);
        CHECK(who <= FORKS && level < LEVELS);
        CHECK_PART(line, said[level]);
        told[who][level]++;
    }
    CHECK_INT(fclose(lines), 0);
}

/* What waits to be taken is the process's that said it. */
static void a_child_takes_what_it_says_itself(void)
{
    const uint32_t *waiting = NULL;
    char text[LINE];
    size_t needed = 0;
    OK(trackside_log_keep, DEBUG, &waiting);
    trackside_tracker *tracker = open_options(options_of("consent.policy = 'none'\nmode = 'dry-run'\n"));
    CHECK_INT(visit(tracker, "/parent"), 0);
    CHECK(*waiting > 0);
    uint32_t waited = *waiting;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        watchdog();
        FAILS(TRACKSIDE_NOT_FOUND, "", trackside_log_take, text, sizeof text, &needed, NULL, NULL);
        CHECK_INT(*waiting, 0);
        CHECK_INT(visit(tracker, "/child"), 0);
        OK(trackside_log_take, text, sizeof text, &needed, NULL, NULL);
        CHECK_PART(text, "/child");
        exit(0);
    }
    ended_well(child);
    CHECK_INT(*waiting, waited);
    for (; waited > 0; waited--) {
        OK(trackside_log_take, text, sizeof text, &needed, NULL, NULL);
    }
    CHECK_PART(text, "/parent");
    CHECK_INT(*waiting, 0);
    OK(trackside_log_set, NULL, DEBUG, NULL);
    trackside_tracker_free(tracker);
}

int main(void)
{
    watchdog();
    a_child_takes_what_it_says_itself();
    char path[] = "/tmp/trackside-c-XXXXXX";
    journal journal = { open_for_all(path), 0 };
    OK(trackside_log_set, note, DEBUG, &journal);
    /* It keeps nothing behind a lock, which a fork may find taken. */
    trackside_tracker *tracker = open_options(options_of("consent.policy = 'none'\nmode = 'dry-run'\n"));

    pthread_t senders[SENDERS];
    pid_t children[FORKS];
    for (unsigned n = 0; n < SENDERS; n++) {
        CHECK_INT(pthread_create(&senders[n], NULL, send, tracker), 0);
    }
    for (unsigned n = 0; n < FORKS; n++) {
        /* The forks are spread over what the parent sends. */
        counter_wait(&sent, PAGES / FORKS * n);
        children[n] = fork();
        CHECK(children[n] >= 0);
        if (children[n] == 0) {
            live(tracker, &journal, n + 1);
        }
    }
    for (unsigned n = 0; n < SENDERS; n++) {
        CHECK_INT(pthread_join(senders[n], NULL), 0);
    }
    for (unsigned n = 0; n < FORKS; n++) {
        ended_well(children[n]);
    }
    /* The parent has noticed nothing: its level is the one that it set. */
    CHECK_INT(visit(tracker, "/"), 0);
    trackside_tracker_free(tracker);

    static unsigned told[FORKS + 1][LEVELS];
    read_journal(path, told);
    CHECK_INT(told[0][DEBUG], PAGES + 1);
    CHECK_INT(told[0][INFO] + told[0][WARN] + told[0][ERROR], 0);
    for (unsigned who = 1; who <= FORKS; who++) {
        CHECK_INT(told[who][DEBUG], EACH);
        CHECK_INT(told[who][INFO], 0);
        CHECK_INT(told[who][WARN], 1);
        CHECK_INT(told[who][ERROR], 1);
    }
    CHECK_INT(close(journal.file), 0);
    CHECK_INT(unlink(path), 0);
    return 0;
}
