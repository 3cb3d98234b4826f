import Facts

private let sensorLabel = MetricLabel("sensor", "6 values")

/// How Howdah's own senses fare: without these nobody knows how old the rest is.
let sensorFamilies: [MetricFamily] = [
    MetricFamily(
        "howdah_sensor_up",
        labels: [sensorLabel],
        "1 where a sensor's latest look was good and is not stale, 0 where not; absent where there is nothing to look at."
    ) { sources in
        sources.published.snapshot.sensors.compactMap { sensor in
            switch sensor.telling(at: sources.now) {
            case .fresh: MetricSample(1, sensor.id.rawValue)
            case .failing, .stale: MetricSample(0, sensor.id.rawValue)
            case .absent, .never: nil
            }
        }
    },
    MetricFamily(
        "howdah_sensor_last_success_timestamp_seconds",
        unit: .seconds,
        labels: [sensorLabel],
        "When a sensor answered last: the age of everything that comes from it."
    ) { sources in
        sources.published.snapshot.sensors.compactMap { sensor in
            sensor.lastSuccessAt.map { MetricSample($0.timestamp, sensor.id.rawValue) }
        }
    },
    MetricFamily(
        "howdah_sensor_duration_seconds",
        unit: .seconds,
        labels: [sensorLabel],
        "How long a sensor's latest look took."
    ) { sources in
        sources.published.snapshot.sensors.compactMap { sensor in
            sensor.durationSeconds.map { MetricSample($0, sensor.id.rawValue) }
        }
    },
    MetricFamily(
        "howdah_sensor_cadence_seconds",
        unit: .seconds,
        labels: [sensorLabel],
        "How far apart a sensor's looks are when all is well."
    ) { sources in
        sources.published.snapshot.sensors.map { MetricSample($0.cadenceSeconds, $0.id.rawValue) }
    },
    MetricFamily(
        "howdah_sensor_failures_total",
        type: .counter,
        labels: [sensorLabel, MetricLabel("reason", "6 values")],
        "Looks that failed since Howdah started."
    ) { sources in
        sources.published.snapshot.sensors.flatMap { sensor in
            Failure.Kind.allCases.map { reason in
                MetricSample(Double(sensor.failures[reason] ?? 0), sensor.id.rawValue, reason.rawValue)
            }
        }
    },
]
