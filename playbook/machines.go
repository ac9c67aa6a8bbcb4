package playbook

import (
	"crypto/sha256"
	"sync"

	"riposte.dev/asl"
)

// machines keeps definitions that were parsed: thousands of executions that go on after a restart have a few between them. A nil
// one keeps nothing.
type machines struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]*asl.Machine
}

// maxMachines bounds what is kept; then it begins anew.
const maxMachines = 256

// parse reads a definition, or finds the machine that was made of the same text.
func (m *machines) parse(name string, text []byte) (*asl.Machine, error) {
	if m == nil {
		return asl.Parse(name, text)
	}
	key := sha256.Sum256(text)
	m.mu.Lock()
	machine := m.known[key]
	m.mu.Unlock()
	if machine != nil {
		return machine, nil
	}
	machine, err := asl.Parse(name, text)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= maxMachines {
		m.known = map[[sha256.Size]byte]*asl.Machine{}
	}
	m.known[key] = machine
	return machine, nil
}
