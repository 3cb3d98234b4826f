import Deadlines
import Synchronization
import Testing

@testable import PostgresLink

@Suite(.timeLimit(.minutes(1))) struct NameResolverTests {
    /// A resolver whose answers come when `open` is called, and how often it was asked.
    private final class Gate: Sendable {
        let asked = Atomic<Int>(0)
        private let isOpen = WakeSignal()

        func resolver() -> NameResolver {
            NameResolver { host in
                self.asked.wrappingAdd(1, ordering: .relaxed)
                _ = self.isOpen.wait(until: .after(seconds: 20))
                self.isOpen.raise()
                return .addresses(["192.0.2.\(host.utf8.count)"])
            }
        }

        func open() { isOpen.raise() }
    }

    private let wake = WakeSignal()

    @Test func aNumericAddressNeedsNoQuestion() {
        let resolver = NameResolver { _ in .failed("asked") }
        for address in ["127.0.0.1", "::1", "2001:db8::1"] {
            #expect(resolver.addresses(of: address, wake: wake, until: .after(seconds: 1)) == .addresses([address]))
        }
        #expect(resolver.addresses(of: "name", wake: wake, until: .after(seconds: 1)) == .failed("asked"))
    }

    // A resolver that hangs costs the deadline, and one thread, however often it is asked.
    @Test func aSilentResolverIsLate() {
        let gate = Gate()
        let resolver = gate.resolver()
        let began = ContinuousClock.now
        for _ in 0..<5 {
            #expect(resolver.addresses(of: "slow", wake: wake, until: .after(seconds: 0.05)) == .timedOut)
        }
        #expect(began.duration(to: .now) < .seconds(5))
        #expect(gate.asked.load(ordering: .relaxed) == 1)
        gate.open()
        let answer = resolver.addresses(of: "slow", wake: wake, until: .after(seconds: 5))
        #expect(answer == .addresses(["192.0.2.4"]))
    }

    @Test func thereIsALimit() {
        let gate = Gate()
        let resolver = gate.resolver()
        for number in 0..<NameResolver.lookupLimit {
            #expect(resolver.addresses(of: "slow\(number)", wake: wake, until: .after(seconds: 0.01)) == .timedOut)
        }
        guard case .failed = resolver.addresses(of: "one more", wake: wake, until: .after(seconds: 1)) else {
            Issue.record("taken")
            return
        }
        gate.open()
    }

    @Test func aRaisedSignalEndsTheWait() {
        let gate = Gate()
        let resolver = gate.resolver()
        wake.raise()
        #expect(resolver.addresses(of: "slow", wake: wake, until: .after(seconds: 5)) == .woken)
        gate.open()
    }
}
