package playbooktest

import "testing"

func TestMemory(t *testing.T) {
	t.Run("journal", func(t *testing.T) { TestJournal(t, &Journal{}) })
	t.Run("index", func(t *testing.T) { TestIndex(t, &Index{}) })
}
