package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"riposte.dev/audit"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// Machines keeps the state machines that were created by Step Functions' API. Each change is in the audit record.
type Machines struct {
	store *Store
	now   func() time.Time
}

const machineColumns = `SELECT m.name, m.type, m.tags, m.created_at, r.revision, r.hash, r.definition, r.role, r.made_at
	FROM state_machines m JOIN state_machine_revisions r ON r.id = m.revision`

// Create stores a state machine and returns it with its time; fault.Conflict where there is one of that name.
func (m *Machines) Create(ctx context.Context, x playbook.StateMachine, by string) (playbook.StateMachine, error) {
	x.Created = m.now().UTC().Truncate(time.Microsecond)
	x.Updated = x.Created
	tags, err := json.Marshal(x.Tags)
	if err != nil {
		return x, fault.New(fault.Internal, "encode tags: %w", err)
	}
	err = m.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		revision, err := m.revise(ctx, tx, x, by)
		if err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, "INSERT INTO state_machines (name, type, tags, revision, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			x.Name, x.Type, string(tags), revision, micros(x.Created))
		if err != nil {
			return classify(err, "store a state machine")
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return firstOf(classify(err, "store a state machine"), fault.New(fault.Conflict, "there is a state machine %q", x.Name))
		}
		_, err = appendAudit(ctx, tx, machineChanged(x, "was created", by))
		return err
	})
	return x, err
}

// Update replaces definition and role of a state machine, of which x says all; fault.NotFound where there is none.
func (m *Machines) Update(ctx context.Context, x playbook.StateMachine, by string) (playbook.StateMachine, error) {
	x.Updated = m.now().UTC().Truncate(time.Microsecond)
	err := m.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		revision, err := m.revise(ctx, tx, x, by)
		if err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, "UPDATE state_machines SET revision = ? WHERE name = ?", revision, x.Name)
		if err := changedOne(done, err, x.Name); err != nil {
			return err
		}
		_, err = appendAudit(ctx, tx, machineChanged(x, "was changed", by))
		return err
	})
	return x, err
}

func (m *Machines) revise(ctx context.Context, tx *sql.Tx, x playbook.StateMachine, by string) (int64, error) {
	done, err := tx.ExecContext(ctx, `INSERT INTO state_machine_revisions (machine, revision, hash, definition, role, made_by, made_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		x.Name, x.Revision, x.Hash, x.Definition, x.Role, by, micros(x.Updated))
	if err != nil {
		return 0, classify(err, "store a revision of a state machine")
	}
	return done.LastInsertId()
}

// Delete takes a state machine away; its revisions stay. fault.NotFound where there is none.
func (m *Machines) Delete(ctx context.Context, name, by string) error {
	return m.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "DELETE FROM state_machines WHERE name = ?", name)
		if err := changedOne(done, err, name); err != nil {
			return err
		}
		_, err = appendAudit(ctx, tx, machineChanged(playbook.StateMachine{Name: name, Updated: m.now()}, "was deleted", by))
		return err
	})
}

func changedOne(done sql.Result, err error, name string) error {
	if err != nil {
		return classify(err, "change a state machine")
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return firstOf(classify(err, "change a state machine"), noMachine(name))
	}
	return nil
}

// Get returns a state machine; fault.NotFound where there is none.
func (m *Machines) Get(ctx context.Context, name string) (playbook.StateMachine, error) {
	list, err := m.read(ctx, " WHERE m.name = ?", name)
	if err == nil && len(list) == 0 {
		err = noMachine(name)
	}
	if err != nil {
		return playbook.StateMachine{}, err
	}
	return list[0], nil
}

// List returns all state machines by name.
func (m *Machines) List(ctx context.Context) ([]playbook.StateMachine, error) {
	return m.read(ctx, " ORDER BY m.name")
}

func (m *Machines) read(ctx context.Context, rest string, args ...any) ([]playbook.StateMachine, error) {
	list, err := collect(ctx, m.store.read, machineColumns+rest, args, func(row *sql.Rows) (x playbook.StateMachine, err error) {
		var tags string
		var created, updated int64
		if err = row.Scan(&x.Name, &x.Type, &tags, &created, &x.Revision, &x.Hash, &x.Definition, &x.Role, &updated); err != nil {
			return
		}
		x.Created, x.Updated = fromMicros(created), fromMicros(updated)
		if err = json.Unmarshal([]byte(tags), &x.Tags); err != nil {
			err = fault.New(fault.Internal, "the tags of a state machine are stored damaged: %w", err)
		}
		return
	})
	return list, classify(err, "read state machines")
}

func noMachine(name string) error {
	return fault.New(fault.NotFound, "there is no state machine %q", name)
}

func machineChanged(x playbook.StateMachine, how, by string) audit.Entry {
	return audit.Entry{Time: x.Updated, Kind: audit.Configuration, Actor: by, Text: fmt.Sprintf("The state machine %s %s.", x.Name, how),
		Data: details(struct {
			StateMachine string `json:"state_machine"`
			Definition   string `json:"definition,omitempty"` // its hash
			Role         string `json:"role,omitempty"`
		}{x.Name, x.Hash, x.Role})}
}
