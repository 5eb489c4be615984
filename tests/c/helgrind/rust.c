/* Tells helgrind what Rust's atomics and locks mean. It knows POSIX threads; Rust's standard library synchronises
   by atomic instructions and futexes, which helgrind takes for nothing, and so it would call a race whatever a lock
   of Rust's protects. Here each atomic operation says what its memory order promises: what came before a release
   happens before what comes after an acquire of the same variable. crossbeam's queues and our own flags are made of
   these operations and need nothing more. Those of the standard library are compiled into its own functions, so of
   that each type says by itself when it acquires and when it releases.

   In a debug build all of these are functions of their own, which valgrind lets us wrap by name. A compiler that
   names or inlines them otherwise makes the check fail loudly, since then nothing is explained. */

#include <stdint.h>
#include <valgrind/helgrind.h>
#include <valgrind/valgrind.h>

/* core::sync::atomic::Ordering */
enum { RELAXED, RELEASE, ACQUIRE, ACQ_REL, SEQ_CST };

static void before(const void *variable, uintptr_t order)
{
    order &= 0xff;
    if (order == RELEASE || order == ACQ_REL || order == SEQ_CST) {
        ANNOTATE_HAPPENS_BEFORE(variable);
    }
}

static void after(const void *variable, uintptr_t order)
{
    order &= 0xff;
    if (order == ACQUIRE || order == ACQ_REL || order == SEQ_CST) {
        ANNOTATE_HAPPENS_AFTER(variable);
    }
}

/* What a function returns, in up to two registers. */
typedef struct pair {
    uintptr_t first, second;
} pair;

/* Calls the wrapped function with all six registers that arguments come in: CALL_FN_W_6W of valgrind.h, but for
   the second register of the result, and for the stack's description: with a frame pointer, which this file is to
   be compiled with, none is needed, and calls can be nested. */
static pair call(OrigFn function, const uintptr_t given[6])
{
    volatile uintptr_t arguments[7]
        = { function.nraddr, given[0], given[1], given[2], given[3], given[4], given[5] };
    pair result = { (uintptr_t)&arguments[0], 0 };
    __asm__ volatile(VALGRIND_ALIGN_STACK
        "subq $128,%%rsp\n\t"
        "movq 48(%%rax), %%r9\n\t"
        "movq 40(%%rax), %%r8\n\t"
        "movq 32(%%rax), %%rcx\n\t"
        "movq 24(%%rax), %%rdx\n\t"
        "movq 16(%%rax), %%rsi\n\t"
        "movq 8(%%rax), %%rdi\n\t"
        "movq (%%rax), %%rax\n\t" VALGRIND_CALL_NOREDIR_RAX VALGRIND_RESTORE_STACK
        : "+a"(result.first), "=&d"(result.second)
        :
        : "cc", "memory", "rcx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r14");
    return result;
}

/* Wraps every function of that name in any library. In a name `Za` stands for `*`, `Zu` for `_` and `ZZ` for `Z`.
   `begin` and `end` see its arguments as `in`, and `end` its result as `out`. */
#define WRAP(name, begin, end) \
    pair I_WRAP_SONAME_FNNAME_ZZ(Za, name)( \
        uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e, uintptr_t f); \
    pair I_WRAP_SONAME_FNNAME_ZZ(Za, name)( \
        uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e, uintptr_t f) \
    { \
        OrigFn original; \
        const uintptr_t in[6] = { a, b, c, d, e, f }; \
        VALGRIND_GET_ORIG_FN(original); \
        begin; \
        pair out = call(original, in); \
        end; \
        return out; \
    }

#define AT(argument) ((const void *)(argument))
#define NOTHING (void)0

/* core::sync::atomic::Atomic*::… and the functions that they are made of: (variable, …, order). A failed exchange
   has an order of its own, and says that it failed in the first half of its result. */
#define LOAD(name) WRAP(name, NOTHING, after(AT(in[0]), in[1]))
#define STORE(name) WRAP(name, before(AT(in[0]), in[2]), NOTHING)
#define MODIFY(name) WRAP(name, before(AT(in[0]), in[2]), after(AT(in[0]), in[2]))
#define COMPARE_EXCHANGE(name) \
    WRAP(name, before(AT(in[0]), in[3]), after(AT(in[0]), (out.first & 1) == 0 ? in[3] : in[4]))

LOAD(ZuZZN4core4sync6atomicZaAtomicZa4load17hZa)
LOAD(ZuZZN4core4sync6atomic11atomicZuload17hZa)
STORE(ZuZZN4core4sync6atomicZaAtomicZa5store17hZa)
STORE(ZuZZN4core4sync6atomic12atomicZustore17hZa)
MODIFY(ZuZZN4core4sync6atomicZaAtomicZa4swap17hZa)
MODIFY(ZuZZN4core4sync6atomic11atomicZuswap17hZa)
MODIFY(ZuZZN4core4sync6atomicZaAtomicZa9fetchZuadd17hZa)
MODIFY(ZuZZN4core4sync6atomicZaAtomicZa9fetchZusub17hZa)
MODIFY(ZuZZN4core4sync6atomicZaAtomicZa9fetchZuand17hZa)
MODIFY(ZuZZN4core4sync6atomicZaAtomicZa8fetchZuor17hZa)
MODIFY(ZuZZN4core4sync6atomicZaAtomicZa9fetchZuxor17hZa)
MODIFY(ZuZZN4core4sync6atomicZaAtomicZa9fetchZumax17hZa)
MODIFY(ZuZZN4core4sync6atomicZaAtomicZa9fetchZumin17hZa)
COMPARE_EXCHANGE(ZuZZN4core4sync6atomicZaAtomicZa16compareZuexchange17hZa)
COMPARE_EXCHANGE(ZuZZN4core4sync6atomicZaAtomicZa21compareZuexchangeZuweak17hZa)
COMPARE_EXCHANGE(ZuZZN4core4sync6atomic23atomicZucompareZuexchange17hZa)
COMPARE_EXCHANGE(ZuZZN4core4sync6atomic28atomicZucompareZuexchangeZuweak17hZa)

/* std::sync::Mutex and RwLock: (where the result goes, lock). A guard begins with a pointer to its lock, that of a
   reader has it in one of its two fields. */
#define LOCK(name) WRAP(name, NOTHING, ANNOTATE_HAPPENS_AFTER(AT(in[1])))
#define UNLOCK(name, fields) \
    WRAP(name, for (int n = 0; n < (fields); n++) ANNOTATE_HAPPENS_BEFORE(((const void *const *)in[0])[n]), NOTHING)

LOCK(ZuZZN3std4sync6poison5mutexZaMutexZa4lock17hZa)
LOCK(ZuZZN3std4sync6poison5mutexZaMutexZa8tryZulock17hZa)
LOCK(ZuZZN3std4sync6poison6rwlockZaRwLockZa4read17hZa)
LOCK(ZuZZN3std4sync6poison6rwlockZaRwLockZa5write17hZa)
UNLOCK(ZuZZNZaMutexGuardZaDropZa4drop17hZa, 1)
UNLOCK(ZuZZNZaRwLockWriteGuardZaDropZa4drop17hZa, 1)
UNLOCK(ZuZZNZaRwLockReadGuardZaDropZa4drop17hZa, 2)

/* std::sync::Condvar::wait_timeout: (where the result goes, condvar, the guard's lock, …). It gives the lock back and
   takes it again. */
WRAP(ZuZZN3std4sync6poison7condvar7Condvar12waitZutimeout17hZa, ANNOTATE_HAPPENS_BEFORE(AT(in[2])),
    ANNOTATE_HAPPENS_AFTER(AT(in[2])))

/* alloc::sync::Arc: the last one to let go comes after all others. The argument points at the pointer. */
#define SHARED (*(const void *const *)in[0])
WRAP(ZuZZNZaallocZdZdsyncZdZdArcZaDropZa4drop17hZa, ANNOTATE_HAPPENS_BEFORE(SHARED), NOTHING)
WRAP(ZuZZN5alloc4syncZaArcZa9dropZuslow17hZa, ANNOTATE_HAPPENS_AFTER(SHARED), NOTHING)

/* std::sync::OnceLock: who finds a value comes after the closure that made it. The closure does not say whose it is,
   so that all of them count as one; they run once each, and early. */
static const char once;
#define MADE ANNOTATE_HAPPENS_BEFORE(&once)
#define FOUND ANNOTATE_HAPPENS_AFTER(&once)

WRAP(ZuZZN3std4sync9onceZulock17OnceLockZa10initializeZaclosureZa17hZa, NOTHING, MADE)
WRAP(ZuZZN3std4sync9onceZulock17OnceLockZa3get17hZa, NOTHING, FOUND)
WRAP(ZuZZN3std4sync9onceZulock17OnceLockZa11getZuorZuinit17hZa, NOTHING, FOUND)
WRAP(ZuZZN3std4sync9onceZulock17OnceLockZa15getZuorZutryZuinit17hZa, NOTHING, FOUND)
