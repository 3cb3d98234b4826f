import Deadlines
import Glibc
import Synchronization
import Testing

/// Counts calls from another thread.
final class HangUp: Sendable {
    private let calls = Atomic<Int>(0)
    var count: Int { calls.load(ordering: .acquiring) }
    func happened() { calls.wrappingAdd(1, ordering: .acquiringAndReleasing) }
}

@Suite(.timeLimit(.minutes(1))) struct DeadlinesTests {
    @Test func aDeadlinePasses() {
        #expect(Deadline.after(seconds: -1).hasPassed)
        #expect(Deadline.after(seconds: .nan).hasPassed)
        #expect(Deadline.after(seconds: -1).remainingMilliseconds == 0)
        let later = Deadline.after(seconds: 10)
        #expect(!later.hasPassed && (9_000...10_000).contains(later.remainingMilliseconds))
        #expect(later.butWithin(seconds: 1) < later && later.butWithin(seconds: 20) == later)
        #expect(Deadline.after(seconds: .infinity).remainingSeconds <= Deadline.maximumSeconds)
    }

    @Test func aRaisedSignalEndsAWait() throws {
        let wake = WakeSignal()
        #expect(!wake.wait(until: .after(seconds: 0.01)))
        try startThread(name: "raiser") { wake.raise() }
        #expect(wake.wait(until: .after(seconds: 5)))
        #expect(!wake.lower())
    }

    private actor Counter {
        let executor: ThreadExecutor
        var threads: Set<UInt> = []
        var count = 0
        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }
        init(_ executor: ThreadExecutor) { self.executor = executor }
        func increment() {
            threads.insert(UInt(pthread_self()))
            count += 1
        }
    }

    @Test func anActorStaysOnItsThreadUntilTheEnd() async {
        let executor = ThreadExecutor(name: "counter")
        let counter = Counter(executor)
        await withTaskGroup { group in
            for _ in 0..<500 { group.addTask { await counter.increment() } }
        }
        #expect(await counter.threads.count == 1)
        #expect(executor.isRunning)
        executor.shutdown()
        executor.shutdown()
        while executor.isRunning { await Task.yield() }
        // Late calls run all the same, one at a time.
        await withTaskGroup { group in
            for _ in 0..<500 { group.addTask { await counter.increment() } }
        }
        #expect(await counter.count == 1000)
    }

    @Test func callsDuringTheShutdownAreNotLost() async {
        for _ in 0..<50 {
            let executor = ThreadExecutor(name: "counter")
            let counter = Counter(executor)
            await withTaskGroup { group in
                for number in 0..<50 {
                    group.addTask {
                        await counter.increment()
                        if number == 20 { executor.shutdown() }
                    }
                }
            }
            #expect(await counter.count == 50)
        }
    }

    /// A pipe: its reading end and its writing end.
    private static func makePipe() -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        unsafe pipe(&ends)
        return (ends[0], ends[1])
    }

    private static func until(_ holds: () -> Bool) async -> Bool {
        for _ in 0..<500 {
            if holds() { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return holds()
    }

    @Test func eachEventIsSeenWithoutReading() async throws {
        let watcher = try EventWatcher()
        defer { watcher.shutdown() }
        let ends = Self.makePipe()
        let seen = HangUp()
        let watch = try watcher.watch(fd: ends.read, events: EventWatcher.readable) { seen.happened() }
        for number in 1...3 {
            unsafe write(ends.write, "x", 1)
            #expect(await Self.until { seen.count >= number })
        }
        watch.cancel()
        watch.cancel()
        #expect(watcher.watchCount == 0)
        let before = seen.count
        unsafe write(ends.write, "x", 1)
        try await Task.sleep(for: .milliseconds(50))
        #expect(seen.count == before)
        close(ends.read)
        close(ends.write)
    }

    // A descriptor's number comes back for another file: the old watch's end must not end the new one.
    @Test func aReusedNumberIsAnotherWatch() async throws {
        let watcher = try EventWatcher()
        defer { watcher.shutdown() }
        let old = Self.makePipe()
        let oldSeen = HangUp()
        let newSeen = HangUp()
        let oldWatch = try watcher.watch(fd: old.read, events: EventWatcher.readable) { oldSeen.happened() }
        let new = Self.makePipe()
        // The new pipe takes the old one's number.
        dup2(new.read, old.read)
        let newWatch = try watcher.watch(fd: old.read, events: EventWatcher.readable) { newSeen.happened() }
        oldWatch.cancel()
        unsafe write(new.write, "x", 1)
        #expect(await Self.until { newSeen.count > 0 })
        #expect(oldSeen.count == 0)
        newWatch.cancel()
        for end in [old.read, old.write, new.read, new.write] { close(end) }
    }

    @Test func aWatchEndsWithItsLastReference() async throws {
        let watcher = try EventWatcher()
        let ends = Self.makePipe()
        do {
            let watch = try watcher.watch(fd: ends.read, events: EventWatcher.readable) {}
            withExtendedLifetime(watch) { #expect(watcher.watchCount == 1) }
        }
        #expect(watcher.watchCount == 0)
        watcher.shutdown()
        #expect(throws: SystemCallError("epoll_ctl", code: ECANCELED)) {
            try watcher.watch(fd: ends.read, events: EventWatcher.readable) {}
        }
        close(ends.read)
        close(ends.write)
    }

    @Test func thereIsALimit() throws {
        let watcher = try EventWatcher()
        defer { watcher.shutdown() }
        let ends = Self.makePipe()
        var descriptors = [ends.read, ends.write]
        var watches: [Registration] = []
        for _ in 0..<EventWatcher.watchLimit {
            let copy = dup(ends.read)
            descriptors.append(copy)
            watches.append(try watcher.watch(fd: copy, events: EventWatcher.readable) {})
        }
        #expect(throws: SystemCallError("epoll_ctl", code: ENOSPC)) {
            try watcher.watch(fd: ends.read, events: EventWatcher.readable) {}
        }
        watches.removeAll()
        for descriptor in descriptors { close(descriptor) }
    }

    @Test func badDescriptorsAreRefused() throws {
        let watcher = try EventWatcher()
        defer { watcher.shutdown() }
        #expect(throws: SystemCallError("epoll_ctl", code: EBADF)) {
            try watcher.watch(fd: -1, events: EventWatcher.readable) {}
        }
        #expect(SystemCallError("epoll_ctl", code: EBADF).description == "epoll_ctl: Bad file descriptor")
    }
}
