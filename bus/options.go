package bus

import (
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
)

// MaxEvent is the largest event, journal append, work item, timer or dead letter, in bytes of data.
const MaxEvent = 1 << 20

// overhead is what framing and headers add to the data of one message at most. The most is a dead letter's reason, all
// control characters, escaped as JSON.
const overhead = 64 << 10

// minReplicas is the number of replicas below which an external stream does not survive the loss of a machine.
const minReplicas = 3

// Stream names one stream of the bus.
type Stream string

const (
	Events     Stream = "EVENTS"   // what sources delivered; see Publish
	Findings   Stream = "FINDINGS" // what detectors and the hub raised; see Publish
	Executions Stream = "EXEC"     // the execution journal; see Journal
	Dead       Stream = "DEAD"     // dead letters; see DeadLetter
	Timed      Stream = "TIMERS"   // timers; see Schedule
)

// queuePrefix makes a stream name of a queue's name.
const queuePrefix = "WORK_"

// Queue returns the stream that holds the work items of a queue, for use as a key of Options.Limits.
func Queue(name string) Stream { return Stream(queuePrefix + strings.ToUpper(name)) }

// Limit bounds one stream.
type Limit struct {
	// MaxBytes is the size at which the stream refuses; 0 takes the default.
	MaxBytes int64
	// Retain is how long messages stay after every durable consumer has handled them; 0 takes the default. A stream
	// that is three quarters full gives up handled messages earlier. Ignored by EXEC, DEAD and TIMERS, whose content
	// leaves only when it is deleted or, for timers, done.
	Retain time.Duration
}

// defaultLimit serves queues and every stream that defaultLimits does not name.
func defaultLimit() Limit { return Limit{MaxBytes: 512 << 20, Retain: 7 * 24 * time.Hour} }

func defaultLimits() map[Stream]Limit {
	return map[Stream]Limit{
		Events:     {MaxBytes: 8 << 30, Retain: 3 * 24 * time.Hour},
		Findings:   {MaxBytes: 2 << 30, Retain: 7 * 24 * time.Hour},
		Executions: {MaxBytes: 4 << 30},
		Dead:       {MaxBytes: 1 << 30},
		Timed:      {MaxBytes: 256 << 20},
	}
}

// Group bounds one group: the events that share a message and a sync. There is no waiting time to set: a commit
// starts as soon as the one before it has ended, with whatever has come together by then.
type Group struct {
	MaxBytes  int // framed size; default 256 KiB; a larger event travels alone
	MaxEvents int // default 4096
}

// Options configures Open. Dir or URL is required, everything else has a default.
type Options struct {
	// Dir is where the embedded server keeps its files. One process at a time: a lock file guards it.
	Dir string

	// URL of an external NATS (2.12 or later) that is used instead of the embedded one, with NATS for credentials and
	// TLS. Give riposte a NATS account of its own: stream and subject names are not prefixed.
	URL  string
	NATS []nats.Option
	// AllowSingleReplica accepts an external NATS that keeps one copy of each stream, and with it the loss of
	// acknowledged events when that machine is lost. Without it such a server is refused.
	AllowSingleReplica bool

	// Limits overrides the bounds of single streams.
	Limits map[Stream]Limit
	// DiskReserve is the free space, in bytes, of Dir's file system at which the embedded bus refuses new events; the
	// other streams go on until a quarter of it, so that what was begun can be finished. 0: 1 GiB; negative: none.
	DiskReserve int64
	// Group bounds group commit.
	Group Group
	// DedupKeys is how many recent keys each event stream remembers; default 1,048,576 (about 40 MB when full).
	DedupKeys int

	Logger     *slog.Logger          // default: discard
	Registerer prometheus.Registerer // default: no metrics
	Now        func() time.Time      // decides what is older than Retain or GiveUp; default: time.Now

	// FreeSpace says how many bytes of dir's file system are free; default: what the file system says.
	FreeSpace func(dir string) (uint64, error)
}

func (o Options) withDefaults() (Options, error) {
	if (o.Dir == "") == (o.URL == "") {
		return o, fault.New(fault.Invalid, "bus: exactly one of Dir and URL is needed").
			WithHint("set a data directory, or the address of a NATS cluster")
	}
	limits := defaultLimits()
	for s, l := range o.Limits {
		if l.MaxBytes < 0 || l.Retain < 0 {
			return o, fault.New(fault.Invalid, "bus: negative limit for stream %s", s)
		}
		known, ok := limits[s]
		if !ok {
			known = defaultLimit()
		}
		if l.MaxBytes > 0 {
			known.MaxBytes = l.MaxBytes
		}
		if l.Retain > 0 {
			known.Retain = l.Retain
		}
		limits[s] = known
	}
	o.Limits = maps.Clone(limits)
	if o.DiskReserve == 0 {
		o.DiskReserve = 1 << 30
	}
	if o.Group.MaxBytes <= 0 {
		o.Group.MaxBytes = 256 << 10
	}
	if o.Group.MaxBytes > MaxEvent {
		return o, fault.New(fault.Invalid, "bus: Group.MaxBytes is %d, at most %d", o.Group.MaxBytes, MaxEvent)
	}
	if o.Group.MaxEvents <= 0 {
		o.Group.MaxEvents = 4096
	}
	if o.DedupKeys <= 0 {
		o.DedupKeys = 1 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FreeSpace == nil {
		o.FreeSpace = freeSpace
	}
	return o, nil
}

// limit returns the bounds of a stream.
func (o Options) limit(s Stream) Limit {
	if l, ok := o.Limits[s]; ok {
		return l
	}
	return defaultLimit()
}

// checkToken reports whether name can be one token of a NATS subject and part of a stream's or consumer's name.
func checkToken(what, name string) error {
	const most = 128
	if name == "" || len(name) > most {
		return fault.New(fault.Invalid, "bus: %s must have 1 to %d characters, has %d", what, most, len(name))
	}
	for _, c := range name {
		ok := c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !ok {
			return fault.New(fault.Invalid, "bus: %s %q contains %q; letters, digits, '-' and '_' are allowed",
				what, name, fmt.Sprintf("%c", c))
		}
	}
	return nil
}
