// Command gen turns botocore's API models into the compact tables that the
// sandbox embeds: only the operations named in a list, the shapes that they
// reach, and no prose. Run it by `go generate ./sandbox/wire`; it needs
// Debian's python3-botocore (or any botocore's data folder by -data).
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

func main() {
	data := flag.String("data", "/usr/lib/python3/dist-packages/botocore/data", "botocore's data folder")
	list := flag.String("operations", "operations.txt", "list of operations: `file` of lines \"service: Name Name\"")
	out := flag.String("out", "models", "folder to write to")
	flag.Parse()
	if err := run(*data, *list, *out); err != nil {
		log.Fatalf("gen: %v", err)
	}
}

func run(data, list, out string) error {
	text, err := os.ReadFile(list)
	if err != nil {
		return fmt.Errorf("list of operations: %w", err)
	}
	wanted, err := parseList(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", list, err)
	}
	for service, names := range wanted {
		src, err := newestModel(data, service)
		if err != nil {
			return err
		}
		raw, err := os.ReadFile(src)
		if err != nil {
			return fmt.Errorf("API model of %s: %w", service, err)
		}
		compact, err := reduce(service, raw, names)
		if err != nil {
			return fmt.Errorf("%s: %w", src, err)
		}
		if err := os.WriteFile(filepath.Join(out, service+".json"), compact, 0o644); err != nil {
			return fmt.Errorf("write the model of %s: %w", service, err)
		}
	}
	return nil
}

// parseList reads lines "service: Name Name"; # starts a comment.
func parseList(text string) (map[string][]string, error) {
	wanted := map[string][]string{}
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		service, names, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("line %d: want \"service: Operation Operation\", got %q", n+1, line)
		}
		service = strings.TrimSpace(service)
		wanted[service] = append(wanted[service], strings.Fields(names)...)
	}
	return wanted, nil
}

// newestModel is the model file of the latest API version of a service.
func newestModel(data, service string) (string, error) {
	files, err := filepath.Glob(filepath.Join(data, service, "*", "service-2.json"))
	if err != nil {
		return "", fmt.Errorf("look for the API model of %s: %w", service, err)
	}
	if len(files) == 0 {
		return "", fmt.Errorf("no API model of %q under %s: install python3-botocore or pass -data", service, data)
	}
	sort.Strings(files)
	return files[len(files)-1], nil
}
