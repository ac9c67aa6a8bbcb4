package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"

	"riposte.dev/fault"
)

// migrations are numbered files, a folder a database; the same number does the same in each.
//
//go:embed migrations/*/*.sql
var migrations embed.FS

// migrate brings the tables to this program's version. Each file is one transaction.
func migrate(ctx context.Context, db *sql.DB, logger *slog.Logger) error {
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return fmt.Errorf("embedded migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("embedded migrations: %w", err)
	}
	sources := p.ListSources()
	newest := sources[len(sources)-1].Version
	version, err := p.GetDBVersion(ctx)
	if err != nil {
		return classify(err, "read the version of the tables")
	}
	if version > newest {
		return fault.New(fault.Invalid, "the tables have version %d, and this riposte knows them up to %d", version, newest).
			WithHint("run the riposte that made them, or a newer one")
	}
	results, err := p.Up(ctx)
	if err != nil {
		return classify(err, "migrate the tables")
	}
	for _, r := range results {
		logger.Debug("migrated the database", "file", r.Source.Path, "took", r.Duration)
	}
	return nil
}
