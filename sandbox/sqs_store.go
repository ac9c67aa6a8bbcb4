package sandbox

import (
	"container/heap"
	"time"
)

type message struct {
	id, body, sender string
	attributes       map[string]messageAttribute // never changed
	sent             time.Time
	visible          time.Time // from when it can be received
	first            time.Time // received
	received         int
	receipt          string // of the latest receive; "" before the first
	source           string // ARN of the queue that gave it up; "" in its first one

	arrival int    // orders messages that are visible from the same time
	at      [2]int // its places in the heaps
}

// messages are what a queue holds. Finding the next one, hiding and removing
// one take a time that hardly grows with their number.
type messages struct {
	byID      map[string]*message
	byVisible messageHeap
	bySent    messageHeap
	arrivals  int
}

func newMessages() *messages {
	return &messages{
		byID: map[string]*message{},
		byVisible: messageHeap{place: 0, less: func(a, b *message) bool {
			if !a.visible.Equal(b.visible) {
				return a.visible.Before(b.visible)
			}
			return a.arrival < b.arrival
		}},
		bySent: messageHeap{place: 1, less: func(a, b *message) bool { return a.sent.Before(b.sent) }},
	}
}

func (s *messages) clone() *messages {
	out := newMessages()
	for _, m := range s.byID {
		c := *m
		out.insert(&c)
	}
	out.arrivals = s.arrivals
	return out
}

func (s *messages) add(m *message) {
	s.arrivals++
	m.arrival = s.arrivals
	s.insert(m)
}

func (s *messages) insert(m *message) {
	s.byID[m.id] = m
	heap.Push(&s.byVisible, m)
	heap.Push(&s.bySent, m)
}

func (s *messages) remove(m *message) {
	delete(s.byID, m.id)
	heap.Remove(&s.byVisible, m.at[0])
	heap.Remove(&s.bySent, m.at[1])
}

// first is the message that can be received first; nil without any.
func (s *messages) first() *message {
	if len(s.byVisible.items) == 0 {
		return nil
	}
	return s.byVisible.items[0]
}

// hide sets from when a message can be received.
func (s *messages) hide(m *message, until time.Time) {
	m.visible = until
	heap.Fix(&s.byVisible, m.at[0])
}

func (s *messages) removeSentUntil(t time.Time) {
	for len(s.bySent.items) > 0 && !s.bySent.items[0].sent.After(t) {
		s.remove(s.bySent.items[0])
	}
}

// messageHeap tells its messages where they are in it.
type messageHeap struct {
	items []*message
	place int // in message.at
	less  func(a, b *message) bool
}

func (h *messageHeap) Len() int           { return len(h.items) }
func (h *messageHeap) Less(i, j int) bool { return h.less(h.items[i], h.items[j]) }
func (h *messageHeap) Swap(i, j int) {
	h.items[i], h.items[j] = h.items[j], h.items[i]
	h.items[i].at[h.place], h.items[j].at[h.place] = i, j
}

func (h *messageHeap) Push(x any) {
	m := x.(*message)
	m.at[h.place] = len(h.items)
	h.items = append(h.items, m)
}

func (h *messageHeap) Pop() any {
	last := len(h.items) - 1
	m := h.items[last]
	h.items[last] = nil
	h.items = h.items[:last]
	return m
}
