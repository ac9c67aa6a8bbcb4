package cloudtrail_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
	"riposte.dev/source/cloudtrail"
)

// steps is a clock by which long sleeps end when the test says so, and the hour between two looks at the regions never.
type steps struct {
	*clock
	asleep chan time.Duration
	wake   chan struct{}
}

func (s *steps) Sleep(ctx context.Context, d time.Duration) error {
	if d < 20*time.Second { // between calls, and between tries
		return s.clock.Sleep(ctx, d)
	}
	if d >= time.Hour {
		<-ctx.Done()
		return ctx.Err()
	}
	select {
	case s.asleep <- d:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-s.wake:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// desk is what stands behind a poller.
type desk struct {
	mu       sync.Mutex
	accepted []string // ids, in the order in which they came
	offered  int
	buried   map[string]string
	kept     map[string]string
	refuse   func(*event.Envelope) error
	reports  chan string
}

func newDesk() *desk {
	return &desk{buried: map[string]string{}, kept: map[string]string{}, reports: make(chan string, 100)}
}

func (d *desk) accept(_ context.Context, events []*event.Envelope) []error {
	d.mu.Lock()
	defer d.mu.Unlock()
	errs := make([]error, len(events))
	for i, e := range events {
		if e.Record().EventName == "LookupEvents" {
			continue // the poller's own
		}
		d.offered++
		if d.refuse != nil {
			errs[i] = d.refuse(e)
		}
		if errs[i] == nil {
			d.accepted = append(d.accepted, e.ID)
		}
	}
	return errs
}

func (d *desk) bury(_ context.Context, key, reason string, _ []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.buried[key] = reason
	return nil
}

func (d *desk) Get(_ context.Context, key string) (string, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	value, known := d.kept[key]
	return value, known, nil
}

func (d *desk) Set(_ context.Context, key, value string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept[key] = value
	return nil
}

func (d *desk) counts() (accepted, offered, buried, kept int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.accepted), d.offered, len(d.buried), len(d.kept)
}

// polling is a poller at work.
type polling struct {
	t     *testing.T
	clock *steps
	end   func()
}

func poll(t *testing.T, c *clock, d *desk, config cloudtrail.AWS, change func(*cloudtrail.PollerOptions)) *polling {
	t.Helper()
	p := &polling{t: t, clock: &steps{clock: c, asleep: make(chan time.Duration), wake: make(chan struct{})}}
	o := cloudtrail.PollerOptions{
		Name: "history", Account: account, Regions: []string{"us-east-1"}, AWS: config, Checkpoints: d, Accept: d.accept, Bury: d.bury,
		Report: func(problem string) { d.reports <- problem }, Clock: p.clock, Random: func() float64 { return 0.5 },
	}
	if change != nil {
		change(&o)
	}
	poller, err := cloudtrail.NewPoller(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- poller.Run(ctx) }()
	var once sync.Once
	p.end = func() { once.Do(func() { cancel(); <-done }) }
	t.Cleanup(p.end)
	return p
}

// rested waits until the poller sleeps, and returns how long it means to.
func (p *polling) rested() time.Duration {
	p.t.Helper()
	select {
	case d := <-p.clock.asleep:
		return d
	case <-time.After(20 * time.Second):
		p.t.Fatal("the poller does not come to rest")
		return 0
	}
}

// again lets time pass and waits until the poller sleeps again.
func (p *polling) again(d time.Duration) time.Duration {
	p.t.Helper()
	p.clock.advance(d)
	p.clock.wake <- struct{}{}
	return p.rested()
}

func (w *world) aws(_ context.Context, _, region string) (aws.Config, error) {
	return w.config(w.admin, region), nil
}

func TestPollerOffersEveryEventOnce(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.act("us-east-1", 60)
	d := newDesk()
	registry := prometheus.NewRegistry()
	p := poll(t, w.clock, d, w.aws, func(o *cloudtrail.PollerOptions) { o.Metrics = cloudtrail.NewMetrics(registry) })
	if wait := p.rested(); wait != time.Minute {
		t.Errorf("the poller sleeps %s, want a minute", wait)
	}
	if accepted, offered, _, kept := d.counts(); accepted != 60 || offered != 60 || kept != 1 {
		t.Fatalf("%d accepted, %d offered, %d checkpoints after the first look", accepted, offered, kept)
	}
	w.act("us-east-1", 3)
	p.again(time.Minute)
	p.again(time.Minute)
	if accepted, offered, _, _ := d.counts(); accepted != 63 || offered != 63 {
		t.Errorf("%d accepted, %d offered, want 63 once each", accepted, offered)
	}
	counted := map[string]float64{}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		counted[family.GetName()] = family.GetMetric()[0].GetCounter().GetValue()
	}
	if counted["riposte_source_cloudtrail_events_total"] < 63 || counted["riposte_source_cloudtrail_polls_total"] != 3 || counted["riposte_source_cloudtrail_calls_total"] < 4 {
		t.Errorf("counted are %v", counted)
	}
	p.end()
	// Another process goes on at the checkpoint: what it offers again, the bus knows.
	w.act("us-east-1", 1)
	p = poll(t, w.clock, d, w.aws, nil)
	p.rested()
	ids := map[string]bool{}
	for _, id := range d.accepted {
		ids[id] = true
	}
	if len(ids) != 64 {
		t.Errorf("%d different events, want 64", len(ids))
	}
}

func TestPollerSeesWhatComesLate(t *testing.T) {
	w := newWorld(t, sandbox.Options{Delivery: sandbox.Delivery{LookupDelay: 4 * time.Minute}})
	d := newDesk()
	p := poll(t, w.clock, d, w.aws, nil)
	p.rested()
	w.act("us-east-1", 1)
	for range 6 {
		if accepted, _, _, _ := d.counts(); accepted > 0 {
			t.Fatal("an event was accepted before AWS showed it")
		}
		p.again(30 * time.Second)
	}
	for range 6 {
		p.again(time.Minute)
	}
	if accepted, _, _, _ := d.counts(); accepted != 1 {
		t.Errorf("%d accepted, want the late one", accepted)
	}
}

func TestPollerFirstLookIsBounded(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.act("us-east-1", 100)
	d := newDesk()
	p := poll(t, w.clock, d, w.aws, func(o *cloudtrail.PollerOptions) { o.Back = 30 * time.Second })
	p.rested()
	if accepted, _, _, _ := d.counts(); accepted != 30 {
		t.Errorf("%d accepted, want those of 30 seconds", accepted)
	}
}

func TestPollerReportsAndRecovers(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.act("us-east-1", 1)
	allow := w.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "LookupEvents"}, Error: &sandbox.FaultError{Code: "AccessDeniedException", Status: 400}})
	d := newDesk()
	p := poll(t, w.clock, d, w.aws, nil)
	p.rested()
	if problem := <-d.reports; !strings.Contains(problem, "us-east-1") || !strings.Contains(problem, "next: allow cloudtrail:LookupEvents") {
		t.Errorf("report is %q", problem)
	}
	var wait time.Duration
	for range 12 {
		wait = p.again(time.Second)
	}
	if wait != 15*time.Minute || len(d.reports) != 0 {
		t.Errorf("after many failures the poller sleeps %s and has %d more reports", wait, len(d.reports))
	}
	allow()
	if wait = p.again(time.Second); wait != time.Minute {
		t.Errorf("afterwards it sleeps %s", wait)
	}
	if problem := <-d.reports; problem != "" {
		t.Errorf("report is %q, want none", problem)
	}
	if accepted, _, _, _ := d.counts(); accepted != 1 {
		t.Errorf("%d accepted: nothing may be lost", accepted)
	}
}

func TestPollerWaitsForTheBus(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.act("us-east-1", 3)
	d := newDesk()
	calls := 0
	var poison string
	d.refuse = func(e *event.Envelope) error {
		calls++
		switch {
		case poison == "" || poison == e.ID:
			poison = e.ID
			return fault.New(fault.Invalid, "not that one")
		case calls <= 9:
			if len(d.kept) > 0 {
				t.Error("the checkpoint moved before the events were on disk")
			}
			return fault.New(fault.Unavailable, "the disk is full")
		}
		return nil
	}
	p := poll(t, w.clock, d, w.aws, nil)
	p.rested()
	if accepted, _, buried, kept := d.counts(); accepted != 2 || buried != 1 || kept != 1 {
		t.Errorf("%d accepted, %d buried, %d checkpoints", accepted, buried, kept)
	}
	if problem := <-d.reports; !strings.Contains(problem, "2 events wait: the disk is full") {
		t.Errorf("report is %q", problem)
	}
	if problem := <-d.reports; problem != "" {
		t.Errorf("report is %q, want none", problem)
	}
}

func TestPollerBuriesWhatIsNoRecord(t *testing.T) {
	c := newClock()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(map[string]any{"Events": []map[string]any{ // a recorder takes everything
			{"EventId": "e1", "EventTime": c.Now().Unix() - 5, "CloudTrailEvent": `{"eventName":`},
			{"EventId": "e2", "EventTime": c.Now().Unix() - 5},
			{"EventId": "e3", "EventTime": c.Now().Unix() - 5, "CloudTrailEvent": fmt.Sprintf(`{"eventID":"e3","eventName":"A","eventSource":"b.amazonaws.com","eventTime":%q}`, c.Now().Format(time.RFC3339))},
		}})
	}))
	t.Cleanup(srv.Close)
	d := newDesk()
	w := &world{url: srv.URL, http: srv.Client(), admin: sandbox.Keys{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}}
	p := poll(t, c, d, w.aws, nil)
	p.rested()
	p.again(time.Minute)
	if accepted, _, buried, _ := d.counts(); accepted != 1 || buried != 2 {
		t.Errorf("%d accepted, %d buried, want 1 and 2", accepted, buried)
	}
}

func TestPollerPollsEveryEnabledRegion(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.act("us-east-1", 1)
	w.act("sa-east-1", 1)
	d := newDesk()
	p := poll(t, w.clock, d, w.aws, func(o *cloudtrail.PollerOptions) { o.Regions = nil })
	regions, err := cloudtrail.Regions(t.Context(), w.config(w.admin, "us-east-1"))
	if err != nil {
		t.Fatal(err)
	}
	for range regions {
		p.rested()
	}
	if accepted, _, _, kept := d.counts(); accepted < 2 || kept != len(regions) {
		t.Errorf("%d accepted, %d checkpoints of %d regions", accepted, kept, len(regions))
	}
}

func TestNewPollerWantsItsParts(t *testing.T) {
	if _, err := cloudtrail.NewPoller(cloudtrail.PollerOptions{Name: "history"}); err == nil {
		t.Error("a poller without parts")
	}
}
