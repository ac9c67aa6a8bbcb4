package store

import (
	"context"
	"io/fs"
	"log/slog"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/pressly/goose/v3"

	"riposte.dev/fault"
)

func TestMigrationsAreNumberedAlikeInEveryFolder(t *testing.T) {
	folders, err := fs.ReadDir(migrations, "migrations")
	if err != nil || len(folders) == 0 {
		t.Fatalf("%d folders, error %v", len(folders), err)
	}
	name := regexp.MustCompile(`^(\d{5})_[a-z_]+\.sql$`)
	numbers := map[string]int{}
	for _, folder := range folders {
		files, err := fs.ReadDir(migrations, "migrations/"+folder.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			m := name.FindStringSubmatch(file.Name())
			if m == nil {
				t.Errorf("%s is no migration's name: write NNNNN_name.sql", file.Name())
				continue
			}
			numbers[m[1]]++
		}
	}
	for number, n := range numbers {
		if n != len(folders) {
			t.Errorf("migration %s is in %d of %d folders", number, n, len(folders))
		}
	}
}

func TestMigrateUpAndDownAndUp(t *testing.T) {
	db, err := connect(filepath.Join(t.TempDir(), "riposte.db"), 1, "foreign_keys(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	logger := slog.New(slog.DiscardHandler)
	ctx := context.Background()
	tables := func() (n int) {
		t.Helper()
		if err := db.QueryRow("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 2 { // the second time there is nothing to do
		if err := migrate(ctx, db, logger); err != nil {
			t.Fatal(err)
		}
	}
	all := tables()
	files, _ := fs.Sub(migrations, "migrations/sqlite")
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(ctx, 0); err != nil || tables() != 0 {
		t.Errorf("%d tables are left, error %v", tables(), err)
	}
	if err := migrate(ctx, db, logger); err != nil || tables() != all || all < 10 {
		t.Errorf("%d tables, then %d, error %v", all, tables(), err)
	}
}

// Keys that are older than names are called by their ids, as in what they have answered.
func TestOldKeysAreCalledByTheirIDs(t *testing.T) {
	db, err := connect(filepath.Join(t.TempDir(), "riposte.db"), 1, "foreign_keys(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	files, _ := fs.Sub(migrations, "migrations/sqlite")
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if _, err := p.UpTo(ctx, 13); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"RIPOONE", "RIPOTWO"} {
		if _, err := db.Exec(`INSERT INTO access_keys (id, secret, account, roles, speaks_for_aws, description, created_at, created_by)
			VALUES (?, x'00', '111122223333', 'approve', 0, '', 0, 'local')`, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := migrate(ctx, db, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	var named int
	if err := db.QueryRow("SELECT count(*) FROM access_keys WHERE name = id").Scan(&named); err != nil || named != 2 {
		t.Errorf("%d keys are called by their ids, error %v", named, err)
	}
}

func TestANewerDatabaseIsRefused(t *testing.T) {
	s := open(t)
	if _, err := s.write.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := migrate(context.Background(), s.write, slog.New(slog.DiscardHandler)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
		t.Errorf("error %v", err)
	}
}
