/// Looks every few milliseconds until something holds.
///
/// - Parameters:
///   - seconds: How long to look at most.
///   - milliseconds: The pause between two looks.
/// - Returns: Whether it held in time.
public func eventually(
    within seconds: Double,
    every milliseconds: Int = 10,
    _ holds: () async throws -> Bool
) async rethrows -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: .seconds(seconds))
    while true {
        if try await holds() { return true }
        if clock.now >= deadline { return false }
        try? await Task.sleep(for: .milliseconds(milliseconds))
        if Task.isCancelled { return false }
    }
}

/// A wait that ended without what it waited for.
public struct TimedOut: Error, CustomStringConvertible {
    /// What was waited for, and what was seen instead.
    public let description: String

    /// Says what was waited for.
    public init(_ description: String) { self.description = description }
}
