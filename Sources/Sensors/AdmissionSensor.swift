public import Deadlines
public import Facts
public import PostgresLink

/// Asks the server to let a new session in, and gives it back at once: a held session says nothing of the next one.
///
/// An outcome of any kind is an answer, so `observe` never throws one. Never more than one attempt is under way: the
/// session that makes them is an actor that does one thing at a time.
public actor AdmissionSensor {
    /// `admission`.
    public nonisolated let id = SensorID.admission
    private let session: PostgresSession
    private var last: (kind: String, count: Int)?
    private var failuresInARow = 0

    /// A sensor that connects as `configuration` says, on the thread of `executor`.
    public init(_ configuration: LinkConfiguration, executor: ThreadExecutor) {
        session = PostgresSession(configuration, executor: executor)
    }

    /// One attempt: its outcome, how long each step took, and how many in a row ended with this kind of outcome.
    public func observe(deadline: Deadline) async throws(Failure) -> Admission {
        var admission = await session.admit(until: deadline)
        var kind = admission.outcome.kind
        // A silence is counted by how far the attempt came.
        if case .timedOut(let stage) = admission.outcome { kind += " " + stage.rawValue }
        // Attempts of a Howdah that is stopping say nothing of the server.
        if admission.outcome == .cancelled { return admission }
        let count = last?.kind == kind ? (last?.count ?? 0) + 1 : 1
        last = (kind, count)
        admission.consecutive = count
        failuresInARow = admission.outcome.isNamedAnswer ? 0 : failuresInARow + 1
        admission.failuresInARow = failuresInARow
        return admission
    }

    /// What the attempts have cost so far.
    public nonisolated var usage: LinkUsage { session.usage }
}
