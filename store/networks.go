package store

import (
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"time"
)

// Networks keeps which networks an account was used from. It serves detect's Networks.
type Networks struct{ store *Store }

// lastSeenStep is how old last_seen may get before it is written again: an account calls from one network thousands of
// times an hour.
const lastSeenStep = time.Hour

// Seen returns when the account was first used from the network, and when it was first heard of at all; zero is never.
func (n *Networks) Seen(ctx context.Context, account string, network netip.Prefix) (networkFirst, accountFirst time.Time, err error) {
	first, _, account1, err := n.lookup(ctx, n.store.read, account, network)
	return fromMicros(first), fromMicros(account1), err
}

type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// lookup returns what is stored, in microseconds; 0 is nothing.
func (n *Networks) lookup(ctx context.Context, db rowQuerier, account string, network netip.Prefix) (first, last, accountFirst int64, err error) {
	err = db.QueryRowContext(ctx, `SELECT a.first_seen, coalesce(n.first_seen, 0), coalesce(n.last_seen, 0)
		FROM network_accounts a LEFT JOIN networks n ON n.account = a.account AND n.prefix = ? WHERE a.account = ?`,
		network.Masked().String(), account).Scan(&accountFirst, &first, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, 0, nil
	}
	return first, last, accountFirst, classify(err, "look up a network")
}

// Remember keeps that the account was used from the network at that time: the earliest and, to the hour, the latest time
// are kept, in whatever order they come. The same again costs a read only.
func (n *Networks) Remember(ctx context.Context, account string, network netip.Prefix, at time.Time) error {
	us := micros(at)
	first, last, accountFirst, err := n.lookup(ctx, n.store.read, account, network)
	if err != nil {
		return err
	}
	if first != 0 && first <= us && accountFirst <= us && us < last+lastSeenStep.Microseconds() {
		return nil
	}
	return n.store.writer.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO network_accounts (account, first_seen) VALUES (?, ?)
			ON CONFLICT (account) DO UPDATE SET first_seen = excluded.first_seen WHERE excluded.first_seen < network_accounts.first_seen`,
			account, us); err != nil {
			return classify(err, "remember an account")
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO networks (account, prefix, first_seen, last_seen) VALUES (?, ?, ?, ?)
			ON CONFLICT (account, prefix) DO UPDATE SET
				first_seen = CASE WHEN excluded.first_seen < networks.first_seen THEN excluded.first_seen ELSE networks.first_seen END,
				last_seen = CASE WHEN excluded.last_seen > networks.last_seen THEN excluded.last_seen ELSE networks.last_seen END`,
			account, network.Masked().String(), us, us)
		return classify(err, "remember a network")
	})
}
