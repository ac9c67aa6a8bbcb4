package playbook

import "sync"

// mailbox takes what a driver is asked to do. It never makes the sender wait.
type mailbox struct {
	bell chan struct{} // one slot: there is something in it

	mu     sync.Mutex
	list   []func(*driver)
	closed bool
}

func newMailbox() *mailbox { return &mailbox{bell: make(chan struct{}, 1)} }

// post puts a message in; false where nobody will read it any more.
func (m *mailbox) post(message func(*driver)) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.list = append(m.list, message)
	m.ring()
	return true
}

func (m *mailbox) ring() {
	select {
	case m.bell <- struct{}{}:
	default:
	}
}

// take empties the mailbox.
func (m *mailbox) take() []func(*driver) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.list
	m.list = nil
	return list
}

// close closes the mailbox, unless there is something in it.
func (m *mailbox) close() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = len(m.list) == 0
	return m.closed
}
