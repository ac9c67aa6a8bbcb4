package app

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// reloads counts what became of reading rules and what belongs to them anew.
type reloads struct {
	total *prometheus.CounterVec // result
	info  *prometheus.GaugeVec   // hash
	last  prometheus.Gauge
}

func newReloads(reg prometheus.Registerer) *reloads {
	r := &reloads{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "riposte_reloads_total",
			Help: "Times that rules, playbooks, threat lists, modes and guard were read anew, by result: taken, unchanged, refused."}, []string{"result"}),
		info: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "riposte_rules_info",
			Help: "1 for the hash of the rules in force."}, []string{"hash"}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{Name: "riposte_rules_taken_timestamp_seconds",
			Help: "When the rules in force were taken."}),
	}
	reg.MustRegister(r.total, r.info, r.last)
	return r
}

// taken shows the rules in force.
func (r *reloads) taken(hash string, at time.Time) {
	r.info.Reset()
	r.info.WithLabelValues(hash).Set(1)
	r.last.Set(float64(at.Unix()))
}

// followContent takes up changed rules, playbooks, threat lists, modes and the guard's policy: when their files change, and when
// asked to.
func (a *App) followContent(ctx context.Context) error {
	watch := newFileWatch()
	defer watch.close()
	changed := watch.files(a.opts.Config)
	if err := watch.problem; err != nil {
		a.log.Warn("files are not watched; send SIGHUP after a change", "error", err)
	}
	var settle <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.opts.Reload:
			a.reload("asked to")
		case <-changed:
			settle = time.After(settleFor) // an editor writes, renames and sets attributes; take the last of it
			continue
		case <-settle:
			a.reload("files changed")
		}
		settle = nil
		changed = watch.files(a.config())
	}
}

// settleFor is how long files have to be quiet before they are read.
const settleFor = 200 * time.Millisecond

// config is the configuration as last taken.
func (a *App) config() Config { return a.inForce.Load().config }

// reload reads everything anew and takes it up whole, or leaves everything as it is.
func (a *App) reload(why string) {
	c, err := LoadConfig(a.opts.Config.file)
	var next *inForce
	if err == nil {
		c.Server.Listen = a.opts.Config.Server.Listen // the command line may have said otherwise
		next, err = loadContent(c, a.actions)
	}
	now := a.inForce.Load()
	if err != nil || next.fingerprint != now.fingerprint { // what can't be recorded is not taken
		err = errors.Join(err, a.recordConfiguration(why, next, err))
	}
	switch {
	case err != nil:
		a.reloads.total.WithLabelValues("refused").Inc()
		a.log.Error("wrong rules or configuration were refused; those in force stay", "why", why, "rules", now.rules.Hash(), "error", err)
		a.warn("rules", "the last change was refused, what was in force stays: "+err.Error())
		return
	case next.fingerprint == now.fingerprint:
		a.reloads.total.WithLabelValues("unchanged").Inc()
	default:
		a.take(now, next)
		a.log.Info("rules taken", "why", why, "rules", next.rules.Hash(), "count", next.rules.Len())
	}
	later := ""
	if keys := needRestart(a.opts.Config, c); len(keys) > 0 {
		later = "changes of " + strings.Join(keys, ", ") + " in the configuration take effect at the next start"
		a.log.Warn(later)
	}
	a.warn("rules", later)
}

// take puts content in force. Playbooks come first and none is taken away, so that a response that is just being started by
// a rule of before finds its own.
func (a *App) take(now, next *inForce) {
	playbooks := maps.Clone(now.playbooks)
	maps.Copy(playbooks, next.playbooks)
	a.runtime.SetDefinitions(playbooks)
	a.threats.Set(next.lists...)
	a.inForce.Store(next)
	a.engine.Swap(next.rules)
	for _, warning := range next.rules.Warnings() {
		a.log.Warn("rule", "warning", warning.String())
	}
	a.reloads.total.WithLabelValues("taken").Inc()
	a.reloads.taken(next.rules.Hash(), a.opts.Now())
}

// needRestart names the keys of the configuration that differ and that only a start reads.
func needRestart(was, is Config) []string {
	hot := map[string]bool{"rules": true, "mode": true, "guard": true, "threat_lists": true}
	var keys []string
	before, after := reflect.ValueOf(was), reflect.ValueOf(is)
	for i := range before.NumField() {
		key := before.Type().Field(i).Tag.Get("yaml")
		if key == "" || hot[key] {
			continue
		}
		if !reflect.DeepEqual(before.Field(i).Interface(), after.Field(i).Interface()) {
			keys = append(keys, cmp.Or(key, before.Type().Field(i).Name))
		}
	}
	return keys
}
