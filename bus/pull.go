package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"riposte.dev/fault"
)

const (
	// pullExpires is how long the server keeps a request for messages before it answers that there were none.
	pullExpires = 30 * time.Second
	// pullHeartbeat is how often the server says meanwhile that it has the request. Two in a row that don't come mean
	// that the request is lost, after a reconnect for example.
	pullHeartbeat = 2 * time.Second
)

var (
	// errStalled: the request for messages was lost; asking again, or on a new consumer, is right.
	errStalled = errors.New("no sign of the consumer")
	// errConsumerGone: somebody deleted the consumer.
	errConsumerGone = errors.New("the consumer was deleted")
)

// puller asks a pull consumer for messages and hands them out in order. It is used by one goroutine.
//
// The iterators of the NATS client (v1.55) are not used: their request for more is skipped when the messages of the one
// before are handled while it is still being sent, and nothing comes until a heartbeat is missed, ten seconds and more
// (nats-io/nats.go#1622). With small batches on two cores that happens every few thousand messages.
type puller struct {
	nc        *nats.Conn
	sub       *nats.Subscription
	api       string
	heartbeat time.Duration
	batch     int
	asked     int // messages that were asked for and have not come
}

// newPuller makes a puller for a consumer that has at most batch messages on their way at a time.
func newPuller(nc *nats.Conn, s Stream, consumer string, batch int) (*puller, error) {
	sub, err := nc.SubscribeSync(nc.NewInbox())
	if err != nil {
		return nil, err
	}
	api := fmt.Sprintf("$JS.API.CONSUMER.MSG.NEXT.%s.%s", s, consumer)
	return &puller{nc: nc, sub: sub, api: api, heartbeat: pullHeartbeat, batch: batch}, nil
}

// next waits for a message until ctx ends. After errStalled it may be called again.
func (p *puller) next(ctx context.Context) (*nats.Msg, error) {
	for {
		if p.asked <= p.batch/2 {
			if err := p.ask(); err != nil {
				return nil, err
			}
		}
		wait, cancel := context.WithTimeout(ctx, 2*p.heartbeat)
		msg, err := p.sub.NextMsgWithContext(wait)
		cancel()
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrNoResponders):
			p.asked = 0
			return nil, errStalled
		default:
			return nil, err
		}
		status := msg.Header.Get("Status")
		if status == "" || len(msg.Data) > 0 {
			p.asked--
			return msg, nil
		}
		if err := p.status(status, msg.Header); err != nil {
			return nil, err
		}
	}
}

// ask requests as many messages as are missing from a full batch.
func (p *puller) ask() error {
	request, err := json.Marshal(struct {
		Batch     int           `json:"batch"`
		Expires   time.Duration `json:"expires"`
		Heartbeat time.Duration `json:"idle_heartbeat"`
	}{p.batch - p.asked, pullExpires, p.heartbeat})
	if err != nil {
		return err
	}
	if err := p.nc.PublishRequest(p.api, p.sub.Subject, request); err != nil {
		return err
	}
	p.asked = p.batch
	return nil
}

// status takes in what the server says about a request, see ADR-37 of nats-architecture-and-design.
func (p *puller) status(status string, header nats.Header) error {
	text := header.Get("Description")
	switch about := strings.ToLower(text); {
	case status == "100": // heartbeat
		return nil
	case status == "408", status == "409" && strings.Contains(about, "batch completed"):
		left, err := strconv.Atoi(header.Get("Nats-Pending-Messages"))
		if err != nil {
			left = p.asked
		}
		p.asked = max(p.asked-left, 0)
		return nil
	case status == "409" && strings.Contains(about, "consumer deleted"):
		return errConsumerGone
	case status == "409" && (strings.Contains(about, "leadership") || strings.Contains(about, "shutdown")):
		p.asked = 0
		return errStalled
	default:
		return fault.New(fault.Unavailable, "bus: the server refuses to hand out messages: %s %s", status, text)
	}
}

// giveBack ends the subscription and returns what has arrived unseen.
func (p *puller) giveBack() {
	for {
		waiting, _, err := p.sub.Pending()
		if err != nil || waiting == 0 {
			break
		}
		msg, err := p.sub.NextMsg(time.Second)
		if err != nil {
			break
		}
		if msg.Header.Get("Status") == "" {
			_ = msg.Nak() // a courtesy: without it the message comes back after its AckWait
		}
	}
	p.stop()
}

// stop ends the subscription.
func (p *puller) stop() {
	_ = p.sub.Unsubscribe() // fails only when the connection is closed, which ends it too
}
