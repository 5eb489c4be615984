/* The tracker of a server: opened with a word about what is wrong, closed with both books on the table. */

#ifndef TRACKING_H
#define TRACKING_H

#include <trackside.h>

/* Opens a tracker with the configuration in a file, or with that text where `file` is NULL. Exits where it
 * cannot. What goes wrong later is printed on stderr. */
trackside_tracker *tracking_open(const char *file, const char *configuration);

/* Delivers what waits, for so long at most, prints both books of this process and what was left, a line each,
 * behind the number of the process, and goes on. */
void tracking_flush(const trackside_tracker *tracker, uint64_t milliseconds);

/* The same, but it is the end of the tracker. */
void tracking_close(trackside_tracker *tracker, uint64_t milliseconds);

#endif
