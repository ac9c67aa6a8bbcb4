package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"riposte.dev/fault"
)

// Subjects. Tokens that stand for an id of a caller's choice are hashes of it (see hashToken), except for the journal,
// whose ids are checked instead.
const (
	subjectEvents   = "events"
	subjectFindings = "findings"
	subjectExec     = "exec."       // + execution id
	subjectDead     = "dead."       // + hash of source and id
	subjectAt       = "timers.at."  // + hash of the timer's id: waiting
	subjectDue      = "timers.due." // + hash of the timer's id: to be handled
	subjectWork     = "work."       // + queue + "." + hash of the item's id
)

// streams lists what Open makes sure of; queues are added when they are first used.
func streams(opts Options) []jetstream.StreamConfig {
	events := stream(opts, Events, subjectEvents)
	findings := stream(opts, Findings, subjectFindings)
	exec := stream(opts, Executions, subjectExec+"*")
	exec.AllowAtomicPublish = true
	dead := stream(opts, Dead, subjectDead+"*")

	// JetStream refuses scheduled messages on a stream that refuses when full, so the bound is kept by Schedule.
	// A timer that was handled is gone: the work-queue policy removes what is acknowledged.
	timers := stream(opts, Timed, subjectAt+"*", subjectDue+"*")
	timers.MaxBytes, timers.Discard = -1, jetstream.DiscardOld
	timers.Retention = jetstream.WorkQueuePolicy
	timers.AllowMsgSchedules, timers.AllowRollup = true, true
	return []jetstream.StreamConfig{events, findings, exec, dead, timers}
}

// stream is the shape that all streams share: on files, bounded, refusing when full, never dropping by age or count.
func stream(opts Options, s Stream, subjects ...string) jetstream.StreamConfig {
	replicas := 1
	if opts.URL != "" && !opts.AllowSingleReplica {
		replicas = minReplicas
	}
	return jetstream.StreamConfig{
		Name:       string(s),
		Subjects:   subjects,
		Storage:    jetstream.FileStorage,
		Discard:    jetstream.DiscardNew,
		MaxBytes:   opts.limit(s).MaxBytes,
		MaxMsgSize: MaxEvent + overhead,
		Replicas:   replicas,
	}
}

// ensureStream creates the stream, or brings its bounds up to date. Replicas of an existing stream are an operator's
// decision: they are checked and kept.
func (b *Bus) ensureStream(ctx context.Context, cfg jetstream.StreamConfig) error {
	old, err := b.js.Stream(ctx, cfg.Name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		_, err = b.js.CreateStream(ctx, cfg)
	case err == nil:
		found := old.CachedInfo().Config
		if found.Replicas < cfg.Replicas {
			return errReplicas(cfg.Name, found.Replicas, nil)
		}
		cfg.Replicas = found.Replicas
		if found.MaxBytes != cfg.MaxBytes || found.MaxMsgSize != cfg.MaxMsgSize {
			_, err = b.js.UpdateStream(ctx, cfg)
		}
	}
	if err != nil && cfg.Replicas >= minReplicas && b.opts.URL != "" {
		return errReplicas(cfg.Name, 0, err)
	}
	if err != nil {
		return fault.New(fault.Unavailable, "bus: create stream %s: %w", cfg.Name, err).
			WithHint("check the disk and the log of NATS")
	}
	return nil
}

func errReplicas(stream string, have int, err error) error {
	msg := fmt.Sprintf("bus: stream %s needs %d replicas on NATS", stream, minReplicas)
	if err == nil {
		err = fmt.Errorf("it has %d", have)
	}
	return fault.New(fault.Invalid, "%s: %w", msg, err).
		WithHint("use a cluster of %d or more servers with JetStream, or accept a single copy explicitly", minReplicas)
}

// queueSet remembers which queues' streams are known to exist.
type queueSet struct {
	mu    sync.Mutex
	known map[string]bool
}

// ensureQueue makes sure that the stream of a queue exists. It is a map look-up after the first time.
func (b *Bus) ensureQueue(ctx context.Context, queue string) error {
	b.queues.mu.Lock()
	defer b.queues.mu.Unlock()
	if b.queues.known[queue] {
		return nil
	}
	if err := checkToken("queue", queue); err != nil {
		return err
	}
	subject := subjectWork + strings.ToLower(queue) + ".*"
	if err := b.ensureStream(ctx, stream(b.opts, Queue(queue), subject)); err != nil {
		return err
	}
	if b.queues.known == nil {
		b.queues.known = map[string]bool{}
	}
	b.queues.known[queue] = true
	return nil
}

// write stores one message with its own sync. It may use the disk down to a quarter of the reserve, so that work that
// was begun can be finished when intake has stopped. Its error is raw, for isWrongLast; callers pass it on by
// storeError.
func (b *Bus) write(ctx context.Context, s Stream, msg *nats.Msg, opts ...jetstream.PublishOpt) error {
	if err := b.writable(ctx, b.opts.DiskReserve/4); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	_, err := b.js.PublishMsg(ctx, msg, opts...)
	if isFull(err) && b.trim(ctx, s) {
		_, err = b.js.PublishMsg(ctx, msg, opts...)
	}
	return err
}

// hashToken makes one subject token of ids that may hold anything: 128 bits of SHA-256 over them, in hex.
func hashToken(ids ...string) string {
	h := sha256.New()
	for _, id := range ids {
		sum := sha256.Sum256([]byte(id)) // hashed one by one, so that ("ab", "c") and ("a", "bc") differ
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// hexID writes an id for headerID: header values can't hold line breaks, ids can.
func hexID(id string) string { return hex.EncodeToString([]byte(id)) }

func readHexID(s string) (string, error) {
	id, err := hex.DecodeString(s)
	if err != nil || len(id) == 0 {
		return "", fmt.Errorf("header %s is %q", headerID, s)
	}
	return string(id), nil
}

// purge removes the messages of one subject.
func (b *Bus) purge(ctx context.Context, s Stream, subject string) error {
	st, err := b.js.Stream(ctx, string(s))
	if err == nil {
		err = st.Purge(ctx, jetstream.WithPurgeSubject(subject))
	}
	return readError(s, err)
}
