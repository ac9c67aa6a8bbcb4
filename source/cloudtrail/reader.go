package cloudtrail

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// pageSize is the most that LookupEvents gives at once.
const pageSize = 50

// maxFailures is how often in a row a call is tried before Read gives up.
const maxFailures = 8

// API is what a Reader calls; *cloudtrail.Client of the AWS SDK has it.
type API interface {
	LookupEvents(ctx context.Context, in *cloudtrail.LookupEventsInput, opts ...func(*cloudtrail.Options)) (*cloudtrail.LookupEventsOutput, error)
}

// Event is one event of the history.
type Event struct {
	ID     string
	Time   time.Time // to the second
	Record []byte    // the CloudTrail record as JSON, as AWS keeps it; empty where AWS gave none
}

// Page is what one call brought.
type Page struct {
	Events []Event   // newest first; may be empty
	Calls  int       // that it took, with those that failed
	Back   time.Time // the time of the oldest event so far; of the query's end before there is one
}

// Reader reads the event history of one account and region.
type Reader struct {
	API   API
	Pace  *Pace
	Clock Clock // nil: the machine's
}

// Read calls fn with every page of events from from (inclusive) to to (exclusive), newest first: LookupEvents knows no
// other order. Times count in whole seconds, as the events' do.
//
// It keeps the pace, tries again what may pass, and when AWS has forgotten the token of the next page it goes on at the
// time of the last event, without giving an event twice. An error of fn ends the reading and is returned as it is;
// otherwise errors carry fault codes.
func (r *Reader) Read(ctx context.Context, from, to time.Time, fn func(Page) error) error {
	if !from.Before(to) {
		return nil
	}
	clock := r.Clock
	if clock == nil {
		clock = SystemClock{}
	}
	w := window{from: from, to: to, until: before(to)}
	failures, calls, stale := 0, 0, 0
	for {
		if err := r.Pace.wait(ctx); err != nil {
			return err
		}
		out, err := r.API.LookupEvents(ctx, w.input(), noRetry)
		calls++
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if tokenExpired(err) && w.token != nil && stale < maxFailures {
				stale++
				w.restart()
				continue
			}
			err = awscall.Fault(err, "cloudtrail:LookupEvents", "look up events")
			failures++
			if !fault.Retryable(err) || failures == maxFailures {
				return err
			}
			if fault.CodeOf(err) == fault.Throttled {
				r.Pace.throttled()
			} else if err := clock.Sleep(ctx, backoff(failures)); err != nil {
				return err
			}
			continue
		}
		r.Pace.answered()
		failures = 0
		page := w.take(out)
		if len(page.Events) > 0 {
			stale = 0
		}
		page.Calls, calls = calls, 0
		if err := fn(page); err != nil {
			return err
		}
		if aws.ToString(out.NextToken) == "" {
			return nil
		}
		w.token = out.NextToken
	}
}

// backoff is how long to wait after so many failures in a row: half a second and doubling.
func backoff(failures int) time.Duration {
	return time.Duration(math.Min(float64(30*time.Second), float64(250*time.Millisecond)*math.Pow(2, float64(failures))))
}

// noRetry keeps the SDK from calling faster than the pace allows.
func noRetry(o *cloudtrail.Options) { o.Retryer = aws.NopRetryer{} }

func tokenExpired(err error) bool {
	var token *types.InvalidNextTokenException
	return errors.As(err, &token)
}

// window is how far a reading has come.
type window struct {
	from, to time.Time
	until    time.Time // end of the query; that of the oldest event's second after a restart
	token    *string
	oldest   time.Time
	// seen are the ids of the oldest second so far, and limit that second when the reading began anew: AWS gives it again
	// then.
	seen  map[string]bool
	limit time.Time
}

func (w *window) input() *cloudtrail.LookupEventsInput {
	return &cloudtrail.LookupEventsInput{
		StartTime: aws.Time(w.from), EndTime: aws.Time(w.until), MaxResults: aws.Int32(pageSize), NextToken: w.token,
	}
}

// before is the end of a query for what is earlier than t: AWS takes the end itself in.
func before(t time.Time) time.Time { return t.Add(-time.Millisecond) }

func (w *window) restart() {
	w.token = nil
	if !w.oldest.IsZero() {
		w.limit, w.until = w.oldest, before(w.oldest.Add(time.Second))
	}
}

// take returns the events that are in the window and have not been given.
func (w *window) take(out *cloudtrail.LookupEventsOutput) Page {
	page := Page{Back: w.to}
	for i := range out.Events {
		e := &out.Events[i]
		at := aws.ToTime(e.EventTime).Truncate(time.Second)
		id := aws.ToString(e.EventId)
		if at.Before(w.from) || !at.Before(w.to) || w.seen[id] || !w.limit.IsZero() && at.After(w.limit) {
			continue
		}
		if w.oldest.IsZero() || at.Before(w.oldest) {
			w.oldest, w.seen = at, map[string]bool{}
		}
		if at.Equal(w.oldest) {
			w.seen[id] = true
		}
		page.Events = append(page.Events, Event{ID: id, Time: at, Record: []byte(aws.ToString(e.CloudTrailEvent))})
	}
	if !w.oldest.IsZero() {
		page.Back = w.oldest
	}
	return page
}
