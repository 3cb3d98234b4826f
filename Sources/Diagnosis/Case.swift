import Facts

/// What a leaf function may look at: the situation, the phase and role already decided, and the memory so far.
struct Case: Sendable {
    var situation: Situation
    var phase: Phase
    var phaseSince: Moment
    var role: Role
    var memory: Memory
    var policy: Policy
    var recovery: RecoveryProgress?

    var snapshot: Snapshot { situation.snapshot }
    var now: Moment { situation.now }

    /// Whether a server process is there to answer SQL: other phases explain why SQL sensors fail.
    var isRunning: Bool { phase == .running || phase == .promoting }
}
