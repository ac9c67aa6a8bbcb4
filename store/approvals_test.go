package store_test

import (
	"testing"

	"riposte.dev/playbook/playbooktest"
	"riposte.dev/store"
)

func TestIndexSuite(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ *clock) { playbooktest.TestIndex(t, s.Executions) })
}
