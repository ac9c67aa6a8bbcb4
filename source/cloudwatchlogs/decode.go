package cloudwatchlogs

import (
	"bytes"
	"errors"
	"io"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"

	"riposte.dev/fault"
)

// Bounds on a subscription's message. CloudWatch Logs sends 1 MiB at most; a Kinesis record has 10 MiB at most.
const (
	maxPacked = 10 << 20 // bytes as received
	maxPlain  = 64 << 20 // bytes after gzip
	maxEvents = 100_000  // log events in it
	maxName   = 512      // characters of a log group's or stream's name
	maxID     = 256      // characters of a log event's id
)

// Types of messages; a CONTROL_MESSAGE only tests whether the destination can be reached.
const (
	dataMessage    = "DATA_MESSAGE"
	controlMessage = "CONTROL_MESSAGE"
)

// Message is what a subscription sends
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html).
type Message struct {
	Type                string    `json:"messageType"`
	Owner               string    `json:"owner"` // account of the log group
	LogGroup            string    `json:"logGroup"`
	LogStream           string    `json:"logStream"`
	SubscriptionFilters []string  `json:"subscriptionFilters"`
	LogEvents           logEvents `json:"logEvents"`
}

// LogEvent is a line of a log stream.
type LogEvent struct {
	ID        string `json:"id"`
	Timestamp int64  `json:"timestamp"` // milliseconds since 1970
	Message   string `json:"message"`
}

// Decode reads a message from bytes of unknown origin: gzip as CloudWatch Logs sends it, or plain where Firehose
// decompressed it. A control message has no log events. Errors: fault.TooLarge over 10 MiB, 64 MiB decompressed or
// 100,000 log events; fault.Invalid for what is no such message.
func Decode(data []byte) (Message, error) {
	plain, err := gunzip(data)
	if err != nil {
		return Message{}, err
	}
	var m Message
	if err := jsonv2.Unmarshal(plain, &m); err != nil {
		var coded *fault.Error
		if errors.As(err, &coded) {
			return Message{}, coded
		}
		return Message{}, fault.New(fault.Invalid, "not a message of CloudWatch Logs: %w", err)
	}
	switch {
	case m.Type == controlMessage:
		m.LogEvents = nil
	case m.Type != dataMessage:
		return Message{}, fault.New(fault.Invalid, "not a message of CloudWatch Logs: its messageType is %.40q", m.Type).
			WithHint("the sender is to be a subscription filter of a log group")
	case len(m.LogGroup) > maxName || len(m.LogStream) > maxName:
		return Message{}, fault.New(fault.Invalid, "the name of the log group or stream has more than %d characters", maxName)
	}
	return m, nil
}

func gunzip(data []byte) ([]byte, error) {
	if len(data) > maxPacked {
		return nil, fault.New(fault.TooLarge, "the message has %d bytes, over the limit of %d", len(data), maxPacked)
	}
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, nil
	}
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fault.New(fault.Invalid, "not a gzip message: %w", err)
	}
	var plain bytes.Buffer
	plain.Grow(min(8*len(data), maxPlain))
	if _, err := io.Copy(&plain, io.LimitReader(zip, maxPlain+1)); err != nil {
		return nil, fault.New(fault.Invalid, "the gzip message is broken: %w", err)
	}
	if plain.Len() > maxPlain {
		return nil, fault.New(fault.TooLarge, "the message has more than %d bytes decompressed", maxPlain)
	}
	return plain.Bytes(), nil
}

// logEvents are counted while they are read, because small ones take more memory than their text.
type logEvents []LogEvent

func (l *logEvents) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '[' {
		return fault.New(fault.Invalid, "not a message of CloudWatch Logs: logEvents is not an array")
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	*l = nil
	for dec.PeekKind() != ']' {
		if len(*l) == maxEvents {
			return fault.New(fault.TooLarge, "the message has more than %d log events", maxEvents)
		}
		var e LogEvent
		if err := jsonv2.UnmarshalDecode(dec, &e); err != nil {
			return err
		}
		if len(e.ID) > maxID {
			return fault.New(fault.Invalid, "not a message of CloudWatch Logs: a log event's id has more than %d characters", maxID)
		}
		*l = append(*l, e)
	}
	_, err := dec.ReadToken()
	return err
}
