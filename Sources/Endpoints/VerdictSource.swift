public import Exposition

/// Where the endpoints read what they show; the sidecar's store of the latest verdict.
///
/// A request never changes anything: it reads the latest value, or waits for the next one.
public protocol VerdictSource: Sendable {
    /// The latest published value. Takes one lock and never waits.
    func latest() -> Published

    /// Waits for a verdict whose revision is not `revision`, at most `timeout`, and answers with the latest value.
    ///
    /// Answers at once where the latest revision differs already (a greater one, or a smaller one after a restart),
    /// and at once with whatever is there when the task is cancelled.
    func change(after revision: UInt64, timeout: Duration) async -> Published
}
