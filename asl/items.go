package asl

import "encoding/json"

// ItemRecords returns the records that give a Map state the items that were read for it. They hold parts of what a journal can
// take in one record. Where the items are too many, the only record is the failure that says so.
func ItemRecords(path string, items []json.RawMessage) []Record {
	size := 0
	for _, item := range items {
		size += len(item)
	}
	if size > MaxItems {
		return []Record{Failure(path, ErrItemReaderFailed, "The items have %d bytes, over the limit of %d.", size, MaxItems)}
	}
	return itemRecords(path, items)
}

func itemRecords(path string, items []json.RawMessage) []Record {
	records := []Record{{Kind: Items, Path: path}}
	size := 0
	for _, item := range items {
		last := &records[len(records)-1]
		if size += len(item) + 1; size > maxItemsRecord && len(last.Items) > 0 {
			last.More = true
			records = append(records, Record{Kind: Items, Path: path})
			last, size = &records[len(records)-1], len(item)+1
		}
		last.Items = append(last.Items, item)
	}
	return records
}
