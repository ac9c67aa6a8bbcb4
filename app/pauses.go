package app

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
)

// showPauses makes what is paused a metric.
func (a *App) showPauses() {
	a.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "riposte_pauses",
		Help: "Pauses in force: more than 0 means that riposte leaves something to people. -1: not known."}, func() float64 {
		ctx, cancel := context.WithTimeout(a.loops, time.Second)
		defer cancel()
		pauses, err := a.store.Pauses.InForce(ctx)
		if err != nil {
			return -1
		}
		return float64(len(pauses))
	}))
}

// paused says in words what is paused; "" where nothing is.
func (a *App) paused(ctx context.Context) string {
	pauses, err := a.store.Pauses.InForce(ctx)
	if err != nil {
		return "it is not known what is paused, so nothing is changed: " + fault.Message(err)
	}
	var said []string
	for _, p := range pauses {
		said = append(said, p.Scope()+" by "+p.By+" since "+p.Since.UTC().Format(time.RFC3339)+": "+p.Reason)
	}
	if len(said) == 0 {
		return ""
	}
	return "paused: " + strings.Join(said, "; ")
}
