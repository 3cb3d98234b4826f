import FoundationEssentials
import Glibc
import Synchronization

/// Everything that a sidecar's `/state` said since the feed began, each with the moment of its arrival.
///
/// A thread of its own long-polls `/state?wait=…&since=REVISION` over one connection, so that a verdict that holds for
/// a few milliseconds is seen, and its arrival is not delayed by whatever else the test does.
public final class VerdictFeed: Sendable {
    /// A verdict and when it arrived here.
    public struct Arrival: Sendable {
        /// The document.
        public var document: StateDocument
        /// When its last byte was read.
        public var at: ContinuousClock.Instant
    }

    private struct Log {
        var arrivals: [Arrival] = []
        var isStopped = false
        var lastProblem = ""
    }

    private let log = Mutex(Log())

    /// How many verdicts are kept at most; past that the oldest are dropped.
    public static let arrivalLimit = 10_000

    /// How long one long poll waits, in seconds.
    private static let waitSeconds = 1

    /// Follows the sidecar that listens on `port` of 127.0.0.1, until `stop`.
    init(port: Int) {
        let job = Job(feed: self, port: port)
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(job).toOpaque()
        unsafe pthread_create(
            &thread,
            nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            },
            argument
        )
        pthread_detach(thread)
    }

    private final class Job: Sendable {
        let feed: VerdictFeed
        let port: Int

        init(feed: VerdictFeed, port: Int) {
            self.feed = feed
            self.port = port
        }

        func run() {
            let connection = HTTPConnection(port: port, timeoutSeconds: VerdictFeed.waitSeconds + 5)
            var revision: Int?
            while !feed.isStopped {
                do {
                    let since = revision.map { "?wait=\(VerdictFeed.waitSeconds)&since=\($0)" } ?? ""
                    let response = try connection.get("/state\(since)")
                    let at = ContinuousClock.now
                    let document = try JSONDecoder().decode(StateDocument.self, from: Data(response.body))
                    feed.record(Arrival(document: document, at: at), isNew: document.revision != revision)
                    revision = document.revision
                } catch {
                    feed.record(problem: "\(error)")
                    revision = nil
                    usleep(10_000)
                }
            }
        }
    }

    /// Evidence and numbers change without a new revision: the document is the newer one, the moment the first one's.
    private func record(_ arrival: Arrival, isNew: Bool) {
        log.withLock { log in
            if !isNew, let last = log.arrivals.popLast() {
                log.arrivals.append(Arrival(document: arrival.document, at: last.at))
                return
            }
            log.arrivals.append(arrival)
            if log.arrivals.count > Self.arrivalLimit { log.arrivals.removeFirst() }
        }
    }

    private func record(problem: String) { log.withLock { $0.lastProblem = problem } }

    private var isStopped: Bool { log.withLock { $0.isStopped } }

    /// Ends the thread, at the latest when its long poll ends.
    public func stop() { log.withLock { $0.isStopped = true } }

    /// The latest verdict.
    public var latest: StateDocument? { log.withLock { $0.arrivals.last?.document } }

    /// The verdicts that arrived after a moment, oldest first.
    public func arrivals(after moment: ContinuousClock.Instant) -> [Arrival] {
        log.withLock { $0.arrivals.filter { $0.at > moment } }
    }

    /// Waits for a verdict, the latest one included, that the test is looking for.
    ///
    /// - Returns: The first arrival after `moment` that matches; nil if none came in time.
    public func first(
        after moment: ContinuousClock.Instant,
        within seconds: Double,
        where matches: (StateDocument) -> Bool
    ) async -> Arrival? {
        var found: Arrival?
        _ = await eventually(within: seconds, every: 5) {
            found = arrivals(after: moment).first { matches($0.document) }
            return found != nil
        }
        return found
    }

    /// Waits until the latest verdict matches.
    public func settles(within seconds: Double, where matches: (StateDocument) -> Bool) async -> Bool {
        await eventually(within: seconds, every: 5) { latest.map(matches) ?? false }
    }

    /// The latest verdict, or why there is none, for messages.
    public var digest: String {
        log.withLock { log in log.arrivals.last?.document.digest ?? "no verdict yet: \(log.lastProblem)" }
    }
}
