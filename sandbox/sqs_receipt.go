package sandbox

import (
	"encoding/base64"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"riposte.dev/sandbox/wire"
)

// encodeReceipt makes a handle that says which receive of which message it is
// of.
func encodeReceipt(m *message, nonce string) string {
	return base64.StdEncoding.EncodeToString([]byte(m.id + " " + strconv.Itoa(m.received) + " " + nonce))
}

// received finds the message behind a receipt handle; nil when it is gone, or
// was received again since.
func (q *queue) received(handle string) (*message, error) {
	text, err := base64.StdEncoding.DecodeString(handle)
	if err != nil || strings.Count(string(text), " ") != 2 {
		return nil, wire.Errorf("ReceiptHandleIsInvalid", "The input receipt handle %q is not a valid receipt handle.", handle)
	}
	id, _, _ := strings.Cut(string(text), " ")
	if m := q.messages.byID[id]; m != nil && m.receipt == handle {
		return m, nil
	}
	return nil, nil
}

func deleteMessage(c *call) (wire.Object, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	return nil, q.remove(c.in)
}

// remove is content when the message isn't there (any more).
func (q *queue) remove(in input) error {
	m, err := q.received(in.str("ReceiptHandle"))
	if err != nil {
		return err
	}
	if m != nil {
		q.messages.remove(m)
	}
	return nil
}

func changeVisibility(c *call) (wire.Object, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	return nil, c.hide(q, c.in)
}

func (c *call) hide(q *queue, in input) error {
	d, err := visibility(in)
	if err != nil {
		return err
	}
	m, err := q.received(in.str("ReceiptHandle"))
	if err != nil {
		return err
	}
	if m == nil || !m.visible.After(c.time) {
		return wire.Errorf("MessageNotInflight", "Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", in.str("ReceiptHandle"))
	}
	q.messages.hide(m, c.time.Add(d))
	q.wake()
	return nil
}

func sendMessageBatch(c *call) (wire.Object, error) {
	return c.batch(func(q *queue, in input) (wire.Object, error) { return c.send(q, in) })
}

func deleteMessageBatch(c *call) (wire.Object, error) {
	return c.batch(func(q *queue, in input) (wire.Object, error) { return wire.Object{}, q.remove(in) })
}

func changeVisibilityBatch(c *call) (wire.Object, error) {
	return c.batch(func(q *queue, in input) (wire.Object, error) { return wire.Object{}, c.hide(q, in) })
}

// maxBatch bounds the bodies of a batch together.
const maxBatch = 1 << 20

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// batch does each entry for itself, and says which failed.
func (c *call) batch(do func(*queue, input) (wire.Object, error)) (wire.Object, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	entries := c.in.objects("Entries")
	if err := checkBatch(entries); err != nil {
		return nil, err
	}
	good, bad := wire.List{}, wire.List{}
	for _, e := range entries {
		out, err := do(q, e)
		var failure *wire.Error
		switch {
		case errors.As(err, &failure):
			bad = append(bad, wire.Object{"Id": e.str("Id"), "SenderFault": true, "Code": failure.Code, "Message": failure.Message})
		case err != nil:
			return nil, err
		default:
			out["Id"] = e.str("Id")
			good = append(good, out)
		}
	}
	return wire.Object{"Successful": good, "Failed": bad}, nil
}

func checkBatch(entries []input) error {
	if len(entries) == 0 {
		return wire.Errorf("EmptyBatchRequest", "There should be at least one entry in the request.")
	}
	if len(entries) > 10 {
		return wire.Errorf("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent %d.", len(entries))
	}
	ids, size := map[string]bool{}, 0
	for _, e := range entries {
		id := e.str("Id")
		if !batchID.MatchString(id) {
			return wire.Errorf("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if ids[id] {
			return wire.Errorf("BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		}
		ids[id] = true
		size += len(e.str("MessageBody"))
	}
	if size > maxBatch {
		return wire.Errorf("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxBatch, size)
	}
	return nil
}
