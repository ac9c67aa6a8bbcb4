package target

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"riposte.dev/fault"
)

// deliver brings the deliveries of one queue to an end.
type deliver struct {
	*Router
	slow bool // the second queue
}

// handle makes one attempt. Its error follows Queue.Work's contract.
//
// A target that already takes its share of the workers has its delivery moved to the second queue, so that a slow target
// doesn't hold up the others. There, slow targets share the workers.
func (h *deliver) handle(ctx context.Context, job Job) error {
	var d Delivery
	if err := json.Unmarshal(job.Data, &d); err != nil {
		return fmt.Errorf("%w: not a delivery: %w", ErrGiveUp, err)
	}
	k, err := d.Target.kind()
	if err == nil && h.senders[k.Name] == nil {
		err = fault.New(fault.Invalid, "nothing sends to %s", k.Name)
	}
	if err != nil {
		return fmt.Errorf("%w: target %s of rule %s: %w", ErrGiveUp, d.Target.ID, d.Rule, err)
	}
	if !h.slow {
		if !h.busy.enter(d.key(), h.opts.PerTarget) {
			d.Tried += job.Attempt - 1
			h.metrics.deliveries.WithLabelValues(k.Name, "moved").Inc()
			return h.enqueue(ctx, slowQueue, d)
		}
		defer h.busy.leave(d.key())
	}
	attempts := d.Tried + job.Attempt
	logger := h.opts.Logger.With("rule", d.Rule, "target", d.Target.ID, "delivery", d.ID, "attempt", attempts)
	begin := h.opts.Now()
	err = h.send(ctx, k, d)
	end := h.opts.Now()
	if err == nil {
		h.metrics.deliveries.WithLabelValues(k.Name, "sent").Inc()
		h.metrics.took.WithLabelValues(k.Name).Observe(end.Sub(begin).Seconds())
		h.metrics.delay.WithLabelValues(k.Name).Observe(end.Sub(d.Ingested).Seconds())
		logger.Debug("delivered", "took", end.Sub(begin))
		return nil
	}
	condition := ""
	if fault.Retryable(err) {
		if condition = d.Target.RetryPolicy.exhausted(attempts, end.Sub(d.Ingested)); condition == "" {
			h.metrics.deliveries.WithLabelValues(k.Name, "retrying").Inc()
			return err
		}
	}
	logger.Error("event not delivered", "to", d.Target.Address(), "exhausted", condition, "err", err)
	return h.bury(ctx, k, d, attempts, condition, err)
}

// bury brings a dead letter to the target's own queue, else to riposte's dead letters.
func (h *deliver) bury(ctx context.Context, k *kind, d Delivery, attempts int, condition string, err error) error {
	if d.Target.DeadLetterConfig == nil {
		h.metrics.deliveries.WithLabelValues(k.Name, "dead").Inc()
		return fmt.Errorf("%w after %d attempts: %w", ErrGiveUp, attempts, err)
	}
	l := Letter{Event: d.Event, Attributes: map[string]string{
		"RULE_ARN": d.RuleARN, "TARGET_ARN": d.Target.Address(), "ERROR_CODE": errorCode(err),
		"ERROR_MESSAGE": fault.Message(err), "RETRY_ATTEMPTS": strconv.Itoa(attempts - 1),
	}}
	if condition != "" {
		l.Attributes["EXHAUSTED_RETRY_CONDITION"] = condition
	}
	burying, cancel := h.bounded(ctx)
	defer cancel()
	if berr := h.opts.DeadLetters.Bury(burying, d.Target.DeadLetterConfig.ARN, l); berr != nil {
		h.metrics.deliveries.WithLabelValues(k.Name, "dead").Inc()
		return fmt.Errorf("%w after %d attempts: %w; nor does the dead-letter queue take it: %w", ErrGiveUp, attempts, err, berr)
	}
	h.metrics.deliveries.WithLabelValues(k.Name, "dead-letter-queue").Inc()
	return nil
}

// send makes the input and has it sent.
func (h *deliver) send(ctx context.Context, k *kind, d Delivery) error {
	in, err := NewInput(&d.Target)
	if err != nil {
		return err
	}
	input, err := in.Render(Context{Event: d.Event, RuleName: d.Rule, RuleARN: d.RuleARN, Ingested: d.Ingested})
	if err != nil {
		return err
	}
	if limit := k.limit; len(input) > limit {
		return fault.New(fault.TooLarge, "the input has %d bytes; %s takes %d", len(input), k.Name, limit).
			WithHint("send a part of the event with input_path or input_transformer")
	}
	sending, cancel := h.bounded(ctx)
	defer cancel()
	return h.senders[k.Name].Send(sending, Request{Delivery: d, Input: input})
}

// grace is how long an attempt may go on when riposte shuts down: a call whose answer is not awaited is made twice.
const grace = 5 * time.Second

// bounded limits an attempt to the timeout; when ctx ends first, it still has a moment to complete.
func (h *deliver) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.opts.Timeout)
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(grace):
			cancel()
		case <-sending.Done():
		}
	})
	return sending, func() { stop(); cancel() }
}
