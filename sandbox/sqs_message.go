package sandbox

import (
	"crypto/md5" //nolint:gosec // SQS's checksums are MD5
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"riposte.dev/sandbox/wire"
)

func sendMessage(c *call) (wire.Object, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	return c.send(q, c.in)
}

// send puts the message of an input, or of an entry of a batch, into a queue.
func (c *call) send(q *queue, in input) (wire.Object, error) {
	body := in.str("MessageBody")
	if body == "" {
		return nil, wire.Errorf("MissingParameter", "The request must contain the parameter MessageBody.")
	}
	if !validText(body) {
		return nil, wire.Errorf("InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
	}
	attributes, size, err := messageAttributes(in.object("MessageAttributes"))
	if err != nil {
		return nil, err
	}
	if most, _ := strconv.Atoi(q.attribute("MaximumMessageSize")); len(body)+size > most {
		return nil, invalidValue("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", most)
	}
	delay := q.seconds("DelaySeconds")
	if in.has("DelaySeconds") {
		n := in.number("DelaySeconds", 0)
		if n < 0 || n > 900 {
			return nil, invalidValue("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", n)
		}
		delay = time.Duration(n) * time.Second
	}
	m := &message{id: c.sb.newUUID(), body: body, sender: c.caller.id, attributes: attributes, sent: c.time}
	q.add(m, delay)
	out := wire.Object{"MessageId": m.id, "MD5OfMessageBody": md5Text(body)}
	put(out, "MD5OfMessageAttributes", md5OfAttributes(attributes))
	return out, nil
}

// validText says whether a text has only the characters that XML allows.
func validText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
}

var attributeName = form(`^[A-Za-z0-9_.-]{1,256}$`)

// messageAttributes checks the attributes of a message, and says their size
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html).
func messageAttributes(in input) (out map[string]messageAttribute, size int, err error) {
	out = map[string]messageAttribute{}
	if len(in) > 10 {
		return nil, 0, invalidValue("Number of message attributes [%d] exceeds the allowed maximum [10].", len(in))
	}
	for name := range in {
		v := in.object(name)
		a := messageAttribute{kind: v.str("DataType"), text: v.str("StringValue")}
		a.binary, _ = v["BinaryValue"].([]byte)
		base, _, _ := strings.Cut(a.kind, ".")
		_, notNumber := strconv.ParseFloat(a.text, 64)
		switch {
		case !attributeName().MatchString(name) || strings.HasPrefix(name, ".") || strings.HasSuffix(name, "."):
			return nil, 0, invalidValue("The message attribute name '%.256s' is invalid.", name)
		case base != "String" && base != "Number" && base != "Binary":
			return nil, 0, invalidValue("The type of message (user) attribute '%s' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", name)
		case base == "Binary" && len(a.binary) == 0, base != "Binary" && (a.text == "" || !validText(a.text)):
			return nil, 0, invalidValue("The message attribute '%s' must contain a non-empty message attribute value.", name)
		case base == "Number" && notNumber != nil:
			return nil, 0, invalidValue("Can't cast the value of message attribute '%s' to a number.", name)
		}
		out[name] = a
		size += len(name) + len(a.kind) + len(a.text) + len(a.binary)
	}
	return out, size, nil
}

func md5Text(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// md5OfAttributes is the checksum over attributes by
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation;
// "" without any.
func md5OfAttributes(attributes map[string]messageAttribute) string {
	if len(attributes) == 0 {
		return ""
	}
	h := md5.New()
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		hashPart(h, []byte(name))
		hashPart(h, []byte(a.kind))
		if strings.HasPrefix(a.kind, "Binary") {
			h.Write([]byte{2})
			hashPart(h, a.binary)
		} else {
			h.Write([]byte{1})
			hashPart(h, []byte(a.text))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func hashPart(h hash.Hash, b []byte) {
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
	h.Write(b)
}

// receiveMessages hands out messages, waiting for the first as long as it is
// asked to.
func receiveMessages(c *call) (wire.Object, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	n := c.in.number("MaxNumberOfMessages", 1)
	if n < 1 || n > 10 {
		return nil, invalidValue("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", n)
	}
	hide, err := c.visibilityTimeout(q.seconds("VisibilityTimeout"))
	if err != nil {
		return nil, err
	}
	patience := q.seconds("ReceiveMessageWaitTimeSeconds")
	if c.in.has("WaitTimeSeconds") {
		w := c.in.number("WaitTimeSeconds", 0)
		if w < 0 || w > 20 {
			return nil, invalidValue("Value %d for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", w)
		}
		patience = time.Duration(w) * time.Second
	}
	deadline := c.time.Add(patience)
	for {
		now := c.sb.opts.Clock.Now()
		taken, next := q.take(n, hide, now, c.newReceipt, c.deadLetters(q))
		if len(taken) > 0 {
			return wire.Object{"Messages": list(taken, c.messageObject)}, nil
		}
		if !now.Before(deadline) {
			return nil, nil
		}
		if next.IsZero() || next.After(deadline) {
			next = deadline
		}
		if err := c.wait(next.Sub(now), q.changed); err != nil {
			return nil, c.fail(wire.Internal, "the client is gone: %v", err)
		}
		// The queue may be gone, too.
		if q, err = c.queue(); err != nil {
			return nil, err
		}
	}
}

// visibilityTimeout is the input's, else the one given.
func (c *call) visibilityTimeout(otherwise time.Duration) (time.Duration, error) {
	if !c.in.has("VisibilityTimeout") {
		return otherwise, nil
	}
	return visibility(c.in)
}

func visibility(in input) (time.Duration, error) {
	n := in.number("VisibilityTimeout", 0)
	if n < 0 || n > 43200 {
		return 0, invalidValue("Value %d for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and 43200.", n)
	}
	return time.Duration(n) * time.Second, nil
}

func (c *call) newReceipt(m *message) string { return encodeReceipt(m, c.sb.newUUID()) }

func (c *call) messageObject(m *message) any {
	out := wire.Object{"MessageId": m.id, "ReceiptHandle": m.receipt, "Body": m.body, "MD5OfBody": md5Text(m.body)}
	if system := c.systemAttributes(m); len(system) > 0 {
		out["Attributes"] = system
	}
	wanted := map[string]messageAttribute{}
	for name, a := range m.attributes {
		if wants(c.in.strs("MessageAttributeNames"), name) {
			wanted[name] = a
		}
	}
	if len(wanted) > 0 {
		out["MessageAttributes"] = attributeObjects(wanted)
		out["MD5OfMessageAttributes"] = md5OfAttributes(wanted)
	}
	return out
}

// systemAttributes are those of SQS that the call asks for.
func (c *call) systemAttributes(m *message) wire.Object {
	out := wire.Object{}
	names := slices.Concat(c.in.strs("AttributeNames"), c.in.strs("MessageSystemAttributeNames"))
	if len(names) == 0 {
		return out
	}
	for name, value := range map[string]string{
		"SenderId": m.sender, "SentTimestamp": strconv.FormatInt(m.sent.UnixMilli(), 10), "DeadLetterQueueSourceArn": m.source,
		"ApproximateReceiveCount": strconv.Itoa(m.received), "ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.first.UnixMilli(), 10),
	} {
		if value != "" && (slices.Contains(names, "All") || slices.Contains(names, name)) {
			out[name] = value
		}
	}
	return out
}

// wants matches an attribute's name: All, ".*", a prefix "x.*", or the name.
func wants(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, every := strings.CutSuffix(p, ".*")
		return p == "All" || p == name || every && strings.HasPrefix(name, prefix)
	})
}

func attributeObjects(attributes map[string]messageAttribute) wire.Object {
	out := wire.Object{}
	for name, a := range attributes {
		v := wire.Object{"DataType": a.kind}
		put(v, "StringValue", a.text)
		if len(a.binary) > 0 {
			v["BinaryValue"] = a.binary
		}
		out[name] = v
	}
	return out
}
