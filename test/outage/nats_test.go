package outage

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"riposte.dev/sandbox"
	"riposte.dev/test/loopback"
)

// broker is a NATS that can be stopped and started again on its address and its files.
type broker struct {
	options server.Options
	server  *server.Server
}

func newBroker(t *testing.T) *broker {
	t.Helper()
	address := loopback.Address()
	b := &broker{options: server.Options{ServerName: "broker", Host: address.Addr().String(), Port: int(address.Port()), NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, MaxPayload: 2 << 20}}
	b.start(t)
	t.Cleanup(b.stop)
	return b
}

func (b *broker) start(t *testing.T) {
	t.Helper()
	options := b.options // the server changes them
	s, err := server.NewServer(&options)
	if err != nil {
		t.Fatal(err)
	}
	b.server = s
	go s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("NATS does not listen")
	}
}

func (b *broker) stop() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

// settings is the part of a configuration that names it.
func (b *broker) settings() string {
	return fmt.Sprintf("nats: {url: \"nats://%s:%d\", allow_single_replica: true}\n", b.options.Host, b.options.Port)
}

func TestNATSIsDownForAWhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	q := w.queue(t, "events").fed(t)
	w.trails(t, "first", "second")
	nats := newBroker(t)
	e := w.start(t, sources([]*queue{q})+nats.settings())
	sent := w.putEvents(t, 20)
	expect(t, sent, e)

	// NATS goes away while a response waits for the answer to its call: the outcome can't be journaled.
	answer := w.holdAnswer(t, "first")
	nats.stop()
	close(answer)
	before := w.calls("ReceiveMessage")
	w.stopLogging(t, "second")
	sent = append(sent, w.putEvents(t, 60)...)
	says(t, e.trouble(t, "bus"), "no connection to NATS", "start it, or check the network")
	if e.state(t).Ready {
		t.Error("riposte is ready without a bus")
	}
	says(t, e.trouble(t, "sqs events"), "messages wait in the queue", "no connection to NATS")
	eventually(t, "it has tried a few times", func() bool { return w.calls("ReceiveMessage") >= before+5 })
	during := w.calls("ReceiveMessage") - before
	if waiting, inHand := q.left(t); waiting+inHand < 61 {
		t.Errorf("%d of 61 messages are in the queue while none can be kept", waiting+inHand)
	}
	if during > 40 {
		t.Errorf("%d receives while nothing can be kept: a storm", during)
	}

	nats.start(t)
	sent = append(sent, q.handOut(t)...)
	expect(t, sent, e)
	e.well(t)
	w.restarted(t, []string{"first", "second"}, e)
	if n := w.calls("ReceiveMessage") - before - during; n > 150 {
		t.Errorf("%d receives for %d messages afterwards: a storm", n, 61)
	}
}
