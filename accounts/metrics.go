package accounts

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	accounts   *prometheus.GaugeVec
	discovered prometheus.Gauge
	failures   prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		accounts: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "riposte_accounts", Help: "Accounts by what the last check said: ok, failing, unknown.",
		}, []string{"status"}),
		discovered: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "riposte_accounts_discovered_timestamp_seconds", Help: "When the organisation's accounts were last listed.",
		}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "riposte_accounts_discovery_failures_total", Help: "Failed attempts to list the organisation's accounts.",
		}),
	}
	if reg != nil {
		reg.MustRegister(m.accounts, m.discovered, m.failures)
	}
	return m
}

func (m *metrics) count(all []Health) {
	by := map[Status]int{Unknown: 0, Well: 0, Broken: 0}
	for _, h := range all {
		by[h.Status]++
	}
	for status, n := range by {
		m.accounts.WithLabelValues(string(status)).Set(float64(n))
	}
}
