package sandbox

import (
	"slices"
	"time"

	"riposte.dev/sandbox/wire"
)

// Bounds of Firehose (https://docs.aws.amazon.com/firehose/latest/dev/limits.html)
// and, for what waits to be delivered, of the sandbox.
const (
	maxFirehoseBatch   = 4 << 20
	maxFirehoseRecord  = 1000 << 10
	maxFirehoseWaiting = 64 << 20
	maxDeliveryStreams = 50
)

// deliveryStreams are the delivery streams of an account in a region.
type deliveryStreams struct{ byName map[string]*deliveryStream }

type deliveryStream struct {
	account, region, name string
	created               time.Time
	endpoint              httpEndpoint
	hints                 bufferingHints
	// request and backup are as they were asked for.
	request, backup  wire.Object
	backupMode, role string
	buffer           *firehoseBuffer
}

type httpEndpoint struct {
	url, name  string
	accessKey  string // secret; never logged
	gzip       bool
	attributes map[string]string
	patience   time.Duration // how long a request is repeated
}

type bufferingHints struct {
	size  int // bytes
	after time.Duration
}

// firehoseBuffer is what a delivery stream has taken and not yet delivered. It
// is shared by all views of the stream. The sandbox's lock guards it.
type firehoseBuffer struct {
	records  [][]byte
	size     int // of records, in bytes
	waiting  int // bytes in requests on their way
	round    int // how often the buffer was emptied
	requests *target
}

func newDeliveryStreams() *deliveryStreams {
	return &deliveryStreams{byName: map[string]*deliveryStream{}}
}

func (s *deliveryStreams) clone() stater {
	out := newDeliveryStreams()
	for name, st := range s.byName {
		c := *st // nothing but the buffer changes
		out.byName[name] = &c
	}
	return out
}

func (st *deliveryStream) arn() string {
	return arn("firehose", st.region, st.account, "deliverystream/"+st.name)
}

// add puts a record into the buffer, which is emptied when it is full or old
// enough. The lock is held.
func (st *deliveryStream) add(s *Sandbox, data []byte) error {
	b := st.buffer
	if len(data) > maxFirehoseRecord {
		return invalidArgument("Record size exceeds 1,000 KB limit")
	}
	if b.size+b.waiting+len(data) > maxFirehoseWaiting {
		return wire.Errorf("ServiceUnavailableException", "Slow down.")
	}
	if b.size+len(data) > st.hints.size {
		if err := st.flush(s); err != nil {
			return err
		}
	}
	b.records, b.size = append(b.records, slices.Clone(data)), b.size+len(data)
	if len(b.records) > 1 {
		return nil
	}
	return b.enqueue(firehoseRequest{Round: b.round}, st.hints.after)
}

// flush makes a request of what is in the buffer. The lock is held.
func (st *deliveryStream) flush(s *Sandbox) error {
	b := st.buffer
	if len(b.records) == 0 {
		return nil
	}
	r := firehoseRequest{ID: s.newUUID(), Born: s.opts.Clock.Now(), Records: b.records}
	if err := b.enqueue(r, 0); err != nil {
		return err
	}
	b.waiting += b.size
	b.round++
	b.records, b.size = nil, 0
	return nil
}
