package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// Headers of atomic batch publishing, see ADR-50 of nats-architecture-and-design. The NATS client has no call for it.
const (
	headerBatchID     = "Nats-Batch-Id"
	headerBatchSeq    = "Nats-Batch-Sequence"
	headerBatchCommit = "Nats-Batch-Commit"
)

// commitBatch stores the appends of a round all or none, with one sync, and returns the sequence of the last message;
// those before it have the numbers before it. Each execution occurs once.
func (w *journalWriter) commitBatch(ctx context.Context, round []appendCall) (last uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	id := nuid.Next()
	for i, c := range round {
		msg := nats.NewMsg(subjectExec + c.id)
		msg.Data = c.frame
		msg.Header.Set(headerBatchID, id)
		msg.Header.Set(headerBatchSeq, strconv.Itoa(i+1))
		msg.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(c.expected, 10))
		if i < len(round)-1 {
			if err := w.bus.nc.PublishMsg(msg); err != nil {
				return 0, err
			}
			continue
		}
		msg.Header.Set(headerBatchCommit, "1")
		answer, err := w.bus.nc.RequestMsgWithContext(ctx, msg)
		if err != nil {
			return 0, err
		}
		return readBatchAck(answer.Data, len(round))
	}
	return 0, fmt.Errorf("empty batch")
}

// readBatchAck reads the answer to a batch's last message.
func readBatchAck(data []byte, size int) (last uint64, err error) {
	var ack struct {
		Seq   uint64              `json:"seq"`
		Count int                 `json:"count"`
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(data, &ack); err != nil {
		return 0, fmt.Errorf("answer to a batch: %w", err)
	}
	if ack.Error != nil {
		return 0, ack.Error
	}
	if ack.Count != size || ack.Seq < uint64(size) {
		return 0, fmt.Errorf("answer to a batch of %d: %d stored up to sequence %d", size, ack.Count, ack.Seq)
	}
	return ack.Seq, nil
}
