public import Support

/// A way to bring a real server into a state, to bring it back, and the verdict that must appear meanwhile.
///
/// The integration tests play every fault on every version; `deploy/try break NAME` plays one for a person.
public struct Fault: Sendable {
    /// One step on the stage.
    public typealias Step = @Sendable (Stage) async throws -> Void

    /// The name on the command line, such as `connections-full`.
    public var name: String
    /// What it does, in one line.
    public var summary: String
    /// Which server it is played on.
    public var cast: Cast
    /// What the sidecar is told and sees, where that differs from the ordinary.
    public var sidecar: @Sendable (Stage) -> HowdahSidecar.Options
    /// Gets everything ready that takes time.
    ///
    /// What it changes must be seen by the sidecar before it ends.
    public var prepare: Step
    /// The fault itself; the clock runs from its beginning.
    public var strike: Step
    /// The verdict that must appear, by major version.
    public var expect: @Sendable (Int) -> Expectation
    /// Undoes it; the verdict must become `mended`.
    public var mend: Step
    /// The verdict after mending.
    public var mended: Expectation
    /// Takes away what only the fault needed, after the mended verdict was seen.
    public var cleanUp: Step

    /// Which server a fault is played on.
    public enum Cast: Sendable {
        /// A primary.
        case primary
        /// A standby that streams from a primary.
        case standby
    }

    /// Describes a fault; each step that is not named does nothing.
    public init(
        _ name: String,
        _ summary: String,
        on cast: Cast = .primary,
        sidecar: @escaping @Sendable (Stage) -> HowdahSidecar.Options = { $0.ordinaryOptions },
        prepare: @escaping Step = { _ in },
        strike: @escaping Step,
        expect: @escaping @Sendable (Int) -> Expectation,
        mend: @escaping Step = { _ in },
        mended: Expectation? = nil,
        cleanUp: @escaping Step = { _ in }
    ) {
        self.name = name
        self.summary = summary
        self.cast = cast
        self.sidecar = sidecar
        self.prepare = prepare
        self.strike = strike
        self.expect = expect
        self.mend = mend
        self.mended = mended ?? .live(cast == .primary ? "primary" : "standby")
        self.cleanUp = cleanUp
    }

    /// The fault with this name, if there is one.
    public static func named(_ name: String) -> Fault? { all.first { $0.name == name } }
}
