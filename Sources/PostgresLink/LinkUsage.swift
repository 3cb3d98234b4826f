/// What the link has asked of the server so far: the cost that Howdah puts on it.
public struct LinkUsage: Sendable, Hashable {
    /// Start-up attempts, also those that failed.
    public var connectionAttempts = 0
    /// Round trips of queries.
    public var roundTrips = 0
    /// Seconds between sending queries and having their answers, in all.
    public var querySeconds = 0.0

    /// Nothing asked yet.
    public init() {}

    /// The sum of two.
    public static func + (left: LinkUsage, right: LinkUsage) -> LinkUsage {
        var sum = left
        sum.connectionAttempts += right.connectionAttempts
        sum.roundTrips += right.roundTrips
        sum.querySeconds += right.querySeconds
        return sum
    }
}
