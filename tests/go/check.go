// Check reads a ledger's tile log with golang.org/x/mod/sumdb, the implementation behind Go's checksum database,
// which knows nothing of the ledger: notes, tiles, inclusion and consistency proofs.
//
//	check LOGURL_OR_DIR VKEY [--index N --leaf-entry FILE] [--old CHECKPOINT] [--proof TLOGPROOF --entry FILE]
//	check play-log URL SKEY WITNESS_VKEY           is a log to the witness there (witness.go)
//	check play-witness LOG_VKEY NAME SEED_HEX      is a witness of that log, until standard input ends
//
// Prints what it checked, a line each. Exit status 1 at the first thing that is not so.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height  = 8       // C2SP tlog-tiles: 256 hashes a tile
	samples = 2000    // above this many leaves, inclusion is checked for that many of them
	maxFile = 1 << 25 // no file of a log is larger: 256 entries of 64 KiB

	patience = 5 // times a server is asked for one file before its "later" counts as a no
)

// errClosed: a server shows a file to some only, and no token was given.
var errClosed = errors.New("it needs a token (LOG_TOKEN)")

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: check LOGURL_OR_DIR VKEY [flags]")
		os.Exit(2)
	}
	if len(os.Args) == 5 && strings.HasPrefix(os.Args[1], "play-") {
		ended(play(os.Args[1], os.Args[2], os.Args[3], os.Args[4]))
		return
	}
	flags := flag.NewFlagSet("check", flag.ExitOnError)
	index := flags.Int64("index", -1, "prove this entry")
	leafEntry := flags.String("leaf-entry", "", "file that holds the entry of --index")
	old := flags.String("old", "", "an earlier checkpoint that the log must extend")
	proof := flags.String("proof", "", "tlog-proof file")
	entry := flags.String("entry", "", "file that holds the entry of --proof")
	_ = flags.Parse(os.Args[3:])
	ended(check(os.Args[1], os.Args[2], *index, *leafEntry, *old, *proof, *entry))
}

func ended(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAILED:", err)
		os.Exit(1)
	}
	fmt.Println("ok")
}

func play(what, a, b, c string) error {
	if what == "play-log" {
		return playLog(a, b, c)
	}
	if err := playWitness(a, b, c); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

func check(where, vkey string, index int64, leafEntry, old, proof, entry string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	log := logReader{where}
	msg, err := log.read("checkpoint")
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(msg, verifier)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	fmt.Printf("checkpoint: size %d, root %v\n", tree.N, tree.Hash)
	if tree.N == 0 {
		return nil
	}
	// A TileHashReader gives out no hash that it has not proved to be in the tree it was made for.
	hashes := tlog.TileHashReader(tree, log)
	if err := checkTiles(log, tree, hashes); err != nil {
		return fmt.Errorf("tiles: %w", err)
	}
	if err := checkEntries(log, tree, hashes); err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	if index >= 0 {
		if err := checkLeaf(tree, hashes, index, leafEntry); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}
	if old != "" {
		if err := checkConsistency(tree, hashes, old, verifier); err != nil {
			return fmt.Errorf("consistency: %w", err)
		}
	}
	if proof != "" {
		if err := checkProof(proof, entry, verifier); err != nil {
			return fmt.Errorf("tlog-proof: %w", err)
		}
	}
	return nil
}

// openCheckpoint opens a signed note and parses its text: origin, size, root.
func openCheckpoint(msg []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(msg, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("not the lines origin, size, root of %q", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("size %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, err
	}
	return tlog.Tree{N: size, Hash: root}, nil
}

// checkTiles reads every tile of this size, compares each with what the verified hashes give, and recomputes the root.
func checkTiles(log logReader, tree tlog.Tree, hashes tlog.HashReader) error {
	tiles := tlog.NewTiles(height, 0, tree.N)
	for _, tile := range tiles {
		data, err := log.ReadTiles([]tlog.Tile{tile})
		if err != nil {
			return err
		}
		want, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			return err
		}
		if !bytes.Equal(data[0], want) {
			return fmt.Errorf("%s is not what the tree gives", tilePath(tile))
		}
	}
	root, err := tlog.TreeHash(tree.N, hashes)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the tiles give root %v", root)
	}
	fmt.Printf("tiles: %d, which give the root\n", len(tiles))
	return nil
}

// checkEntries hashes the entries of all bundles and proves a sample of them. Over HTTP bundles may need a token, that of
// LOG_TOKEN: without it it says so, and checks inclusion of the leaf hashes only.
func checkEntries(log logReader, tree tlog.Tree, hashes tlog.HashReader) error {
	stride := tree.N/samples + 1
	proved, hashed := 0, 0
	for start := int64(0); start < tree.N; start += 1 << height {
		width := 1 << height
		if rest := tree.N - start; rest < 1<<height {
			width = int(rest)
		}
		tile := tlog.Tile{H: height, L: -1, N: start >> height, W: width}
		raw, err := log.read(tilePath(tile))
		if err != nil && !errors.Is(err, errClosed) {
			return err
		}
		var entries [][]byte
		if err == nil {
			if entries, err = parseBundle(raw, width); err != nil {
				return fmt.Errorf("%s: %w", tilePath(tile), err)
			}
		}
		for i := int64(0); i < int64(width); i++ {
			leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, start+i)})
			if err != nil {
				return err
			}
			if entries != nil {
				if tlog.RecordHash(entries[i]) != leaf[0] {
					return fmt.Errorf("entry %d is not the one in the tree", start+i)
				}
				hashed++
			}
			if (start+i)%stride == 0 || start+i == tree.N-1 {
				if err := prove(tree, hashes, start+i, leaf[0]); err != nil {
					return fmt.Errorf("entry %d: %w", start+i, err)
				}
				proved++
			}
		}
	}
	fmt.Printf("entries: %d hashed, inclusion of %d proved and checked\n", hashed, proved)
	if hashed == 0 {
		fmt.Println("entries: the bundles are not readable here, so their bytes are NOT checked")
	}
	return nil
}

func prove(tree tlog.Tree, hashes tlog.HashReader, index int64, leaf tlog.Hash) error {
	proof, err := tlog.ProveRecord(tree.N, index, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf)
}

func checkLeaf(tree tlog.Tree, hashes tlog.HashReader, index int64, file string) error {
	entry, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := prove(tree, hashes, index, tlog.RecordHash(entry)); err != nil {
		return err
	}
	fmt.Printf("entry %d: included\n", index)
	return nil
}

func checkConsistency(tree tlog.Tree, hashes tlog.HashReader, file string, verifier note.Verifier) error {
	msg, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	old, err := openCheckpoint(msg, verifier)
	if err != nil {
		return err
	}
	if old.N > tree.N {
		return fmt.Errorf("the old checkpoint, of size %d, is ahead of the log", old.N)
	}
	proof, err := tlog.ProveTree(tree.N, old.N, hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
		return err
	}
	fmt.Printf("consistency: size %d extends size %d\n", tree.N, old.N)
	return nil
}

// checkProof checks a C2SP tlog-proof: header, optional "extra", index, hashes, blank line, checkpoint.
func checkProof(file, entryFile string, verifier note.Verifier) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(entryFile)
	if err != nil {
		return err
	}
	head, checkpoint, found := bytes.Cut(raw, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a tlog-proof")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return fmt.Errorf("no index")
	}
	index, err := strconv.ParseInt(lines[0][len("index "):], 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	tree, err := openCheckpoint(checkpoint, verifier)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return err
	}
	fmt.Printf("tlog-proof: entry %d is in the tree of size %d\n", index, tree.N)
	return nil
}

// parseBundle splits an entry bundle: big-endian uint16 length and bytes, width times.
func parseBundle(raw []byte, width int) ([][]byte, error) {
	var entries [][]byte
	for len(raw) >= 2 {
		end := 2 + int(binary.BigEndian.Uint16(raw))
		if end > len(raw) {
			break
		}
		entries = append(entries, raw[2:end])
		raw = raw[end:]
	}
	if len(raw) != 0 || len(entries) != width {
		return nil, fmt.Errorf("not exactly %d entries", width)
	}
	return entries, nil
}

// logReader reads the files of a log from a directory or from under a URL. It is a tlog.TileReader.
type logReader struct{ where string }

func (l logReader) remote() bool {
	return strings.HasPrefix(l.where, "http://") || strings.HasPrefix(l.where, "https://")
}

func (l logReader) read(path string) ([]byte, error) {
	name := strings.TrimSuffix(l.where, "/") + "/" + path
	if !l.remote() {
		return os.ReadFile(name)
	}
	for tries := 1; ; tries++ {
		data, wait, err := get(name)
		if wait == 0 || tries == patience {
			return data, err
		}
		time.Sleep(wait)
	}
}

// get asks once. wait is how long the server wants to be left alone before it is asked again, 0 if it answered.
func get(name string) (data []byte, wait time.Duration, err error) {
	request, err := http.NewRequest(http.MethodGet, name, nil)
	if err != nil {
		return nil, 0, err
	}
	token := os.Getenv("LOG_TOKEN")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
		data, err = io.ReadAll(io.LimitReader(answer.Body, maxFile))
		return data, 0, err
	case http.StatusUnauthorized, http.StatusForbidden:
		if token == "" {
			return nil, 0, errClosed
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		wait = time.Duration(max(seconds, 1)) * time.Second
	}
	return nil, wait, fmt.Errorf("%s: %s", name, answer.Status)
}

func (l logReader) Height() int { return height }

func (l logReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := l.read(tilePath(tile))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", tilePath(tile), len(data))
		}
		all = append(all, data)
	}
	return all, nil
}

func (l logReader) SaveTiles([]tlog.Tile, [][]byte) {}

// tilePath is tile.Path() without its height, which C2SP tlog-tiles fixes, and with its name for entry bundles.
func tilePath(tile tlog.Tile) string {
	path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
	return strings.Replace(path, "tile/data/", "tile/entries/", 1)
}
