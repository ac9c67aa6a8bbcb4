package cloudwatchlogs

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"riposte.dev/action/awscall"
	"riposte.dev/event"
	"riposte.dev/fault"
)

const (
	// window is what one walk through FilterLogEvents' pages covers at most: the order of pages is not promised, so the
	// checkpoint moves only between walks.
	window = time.Hour
	// maxSeen bounds the log events that are remembered so as not to take them twice; without that they come again, which
	// is harmless.
	maxSeen = 200_000

	firstPause, maxPause = time.Second, time.Minute
)

// Poller reads log groups by FilterLogEvents
// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html).
type Poller struct {
	o     Options
	rates map[string]*rate.Limiter // by account and region
}

// NewPoller checks the options. Its error has code fault.Invalid.
func NewPoller(o Options) (*Poller, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Poller{o: o, rates: map[string]*rate.Limiter{}}
	for _, g := range o.Groups {
		p.rates[g.Account+"/"+g.Region] = rate.NewLimiter(rate.Limit(o.Rate), 1)
	}
	return p, nil
}

// Run polls every group until ctx ends, which is its error. A group that fails is tried again after a pause that grows to
// a minute; the others go on. The checkpoint of a group is the time up to which everything was accepted or buried; after
// a restart the overlap before it is taken once more.
func (p *Poller) Run(ctx context.Context) error {
	all, ctx := errgroup.WithContext(ctx)
	for _, g := range p.o.Groups {
		r := &reader{Poller: p, group: g, rate: p.rates[g.Account+"/"+g.Region], seen: map[string]time.Time{}}
		all.Go(func() error { return r.run(ctx) })
	}
	return all.Wait()
}

// reader reads one group.
type reader struct {
	*Poller
	group   Group
	rate    *rate.Limiter
	upTo    time.Time            // everything before it was handled; zero until the checkpoint was read
	seen    map[string]time.Time // log events in the overlap that were handled, by id
	problem string
}

func (r *reader) run(ctx context.Context) error {
	for failed := 0; ; {
		pause := r.o.Interval
		behind, err := r.poll(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.report(err)
		switch {
		case err != nil:
			failed++
			pause = r.pause(failed)
			r.o.Metrics.failures.WithLabelValues(r.o.Name, string(fault.CodeOf(err))).Inc()
		case behind:
			failed, pause = 0, 0
		default:
			failed = 0
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

// pause is half of its length plus a random part of the other half.
func (r *reader) pause(failed int) time.Duration {
	p := min(firstPause<<min(failed-1, 10), maxPause)
	return p/2 + time.Duration(r.o.Random()*float64(p/2))
}

// poll reads the next window; behind says that there is another one before the present.
func (r *reader) poll(ctx context.Context) (behind bool, err error) {
	now := r.o.Now()
	if r.upTo.IsZero() {
		if r.upTo, err = r.checkpoint(ctx, now); err != nil {
			return false, err
		}
	}
	if r.upTo.After(now) { // the clock was set back
		r.upTo = now
	}
	defer func() {
		r.o.Metrics.lag.WithLabelValues(r.o.Name, r.group.String()).Set(r.o.Now().Sub(r.upTo).Seconds())
	}()
	from, to := r.upTo.Add(-r.o.Overlap), r.upTo.Add(window)
	if !to.Before(now) {
		to = now
	}
	if err := r.walk(ctx, from, to); err != nil {
		return false, err
	}
	if err := r.o.Checkpoints.Set(ctx, r.group.key(r.o.Name), strconv.FormatInt(to.UnixMilli(), 10)); err != nil {
		return false, err
	}
	r.upTo = to
	for id, at := range r.seen {
		if at.Before(r.upTo.Add(-r.o.Overlap)) {
			delete(r.seen, id)
		}
	}
	return to.Before(now), nil
}

func (r *reader) checkpoint(ctx context.Context, now time.Time) (time.Time, error) {
	value, known, err := r.o.Checkpoints.Get(ctx, r.group.key(r.o.Name))
	if err != nil {
		return time.Time{}, err
	}
	if ms, err := strconv.ParseInt(value, 10, 64); known && err == nil {
		return time.UnixMilli(ms), nil
	}
	return now.Add(r.o.Overlap - r.o.Lookback), nil // a checkpoint that can't be read is none
}

// walk reads all pages from one time to another and handles each before it asks for the next.
func (r *reader) walk(ctx context.Context, from, to time.Time) error {
	cfg, err := r.o.AWS(ctx, r.group.Account, r.group.Region)
	if err != nil {
		return err
	}
	client := cloudwatchlogs.NewFromConfig(cfg, func(o *cloudwatchlogs.Options) { o.Region = r.group.Region })
	in := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String(r.group.Name),
		StartTime:    aws.Int64(max(0, from.UnixMilli())), EndTime: aws.Int64(to.UnixMilli()),
	}
	if r.group.Pattern != "" {
		in.FilterPattern = aws.String(r.group.Pattern)
	}
	if r.group.StreamPrefix != "" {
		in.LogStreamNamePrefix = aws.String(r.group.StreamPrefix)
	}
	for {
		if err := r.rate.Wait(ctx); err != nil {
			return err
		}
		out, err := client.FilterLogEvents(ctx, in)
		if err != nil {
			return r.failed(err)
		}
		if err := r.handle(ctx, out); err != nil {
			return err
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			return nil
		}
	}
}

// handle has the new log events of a page accepted or buried.
func (r *reader) handle(ctx context.Context, page *cloudwatchlogs.FilterLogEventsOutput) error {
	var events []*event.Envelope
	var bad []Bad
	var of []int // place in the page of each of events
	for i, l := range page.Events {
		if _, known := r.seen[aws.ToString(l.EventId)]; known {
			continue
		}
		text := aws.ToString(l.Message)
		e, err := parse(text)
		if err != nil {
			bad = append(bad, newBad(r.group.Name, aws.ToString(l.LogStreamName), aws.ToString(l.EventId), fault.Message(err), text))
			continue
		}
		events, of = append(events, e), append(of, i)
	}
	if len(events) > 0 {
		for j, err := range r.o.Accept(ctx, events) {
			l := page.Events[of[j]]
			switch {
			case err == nil:
			case fault.Retryable(err):
				return err
			default:
				bad = append(bad, newBad(r.group.Name, aws.ToString(l.LogStreamName), aws.ToString(l.EventId), fault.Message(err), aws.ToString(l.Message)))
			}
		}
	}
	for _, b := range bad {
		if err := r.o.Bury(ctx, b.Key, b.Reason, b.Data); err != nil {
			return err
		}
	}
	total := 0
	for _, l := range page.Events {
		id := aws.ToString(l.EventId)
		if _, known := r.seen[id]; known {
			continue
		}
		total++
		if len(r.seen) < maxSeen {
			r.seen[id] = time.UnixMilli(aws.ToInt64(l.Timestamp))
		}
	}
	r.o.Metrics.events.WithLabelValues(r.o.Name, "buried").Add(float64(len(bad)))
	r.o.Metrics.events.WithLabelValues(r.o.Name, "accepted").Add(float64(total - len(bad)))
	return nil
}

// failed names the next step where the group itself is the problem.
func (r *reader) failed(err error) error {
	err = awscall.Fault(err, "logs:FilterLogEvents", "read log group %s", r.group)
	if fault.CodeOf(err) == fault.NotFound {
		return fault.New(fault.NotFound, "log group %s does not exist: %w", r.group, err).
			WithHint("`aws logs describe-log-groups --region %s` lists the groups; correct the source's configuration", r.group.Region)
	}
	return err
}

// report tells of the group's state where it changed.
func (r *reader) report(err error) {
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	if problem != r.problem && r.group.Report != nil {
		r.group.Report(problem)
	}
	r.problem = problem
}
