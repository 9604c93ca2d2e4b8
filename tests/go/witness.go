package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A cosignature (C2SP tlog-cosignature v1.0.1) written from its specification, on note.Verifier and note.Signer.
const cosignatureType = 0x04

type cosigner struct {
	name string
	key  ed25519.PublicKey
	priv ed25519.PrivateKey // nil: it verifies only
}

func (c cosigner) Name() string { return c.name }

func (c cosigner) KeyHash() uint32 {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%c", c.name, cosignatureType)
	h.Write(c.key)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func cosigned(timestamp uint64, msg []byte) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", timestamp)), msg...)
}

func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	timestamp := binary.BigEndian.Uint64(sig)
	now := uint64(time.Now().Unix())
	return timestamp+300 > now && timestamp < now+300 && ed25519.Verify(c.key, cosigned(timestamp, msg), sig[8:])
}

func (c cosigner) Sign(msg []byte) ([]byte, error) {
	timestamp := uint64(time.Now().Unix())
	sig := binary.BigEndian.AppendUint64(nil, timestamp)
	return append(sig, ed25519.Sign(c.priv, cosigned(timestamp, msg))...), nil
}

// newCosigner reads a vkey; the package note knows no keys of this type.
func newCosigner(vkey string) (cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return cosigner{}, errors.New("no vkey")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != cosignatureType {
		return cosigner{}, errors.New("no vkey of a cosigner")
	}
	c := cosigner{name: parts[0], key: key[1:]}
	if fmt.Sprintf("%08x", c.KeyHash()) != parts[1] {
		return cosigner{}, errors.New("the key id is another")
	}
	return c, nil
}

// grown is a log in memory, on the package tlog.
type grown struct {
	hashes []tlog.Hash
	size   int64
}

func (g *grown) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(g.hashes)) {
			return nil, errors.New("no such hash")
		}
		found[i] = g.hashes[index]
	}
	return found, nil
}

// to grows the log; entries from index forks on are of this branch.
func (g *grown) to(size, forks int64, branch string) error {
	for ; g.size < size; g.size++ {
		entry := fmt.Sprintf("entry %d", g.size)
		if g.size >= forks {
			entry += branch
		}
		more, err := tlog.StoredHashes(g.size, []byte(entry), g)
		if err != nil {
			return err
		}
		g.hashes = append(g.hashes, more...)
	}
	return nil
}

func (g *grown) checkpoint(size int64, signer note.Signer, origin string) ([]byte, error) {
	root, err := tlog.TreeHash(size, g)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%v\n", origin, size, root)}, signer)
}

// body is what a log sends to a witness.
func (g *grown) body(old, size int64, signer note.Signer, origin string) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", old)
	if old > 0 && old < size {
		proof, err := tlog.ProveTree(size, old, g)
		if err != nil {
			return nil, err
		}
		for _, hash := range proof {
			fmt.Fprintln(&b, hash)
		}
	}
	checkpoint, err := g.checkpoint(size, signer, origin)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "\n%s", checkpoint)
	return b.Bytes(), nil
}

func post(url string, body []byte) (int, string, string, error) {
	resp, err := http.Post(url+"/add-checkpoint", "text/plain", bytes.NewReader(body))
	if err != nil {
		return 0, "", "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxFile))
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(text), err
}

// playLog shows a witness a log that grows, and one that forks.
//
//	check play-log URL SKEY WITNESS_VKEY
func playLog(url, skey, vkey string) error {
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	witness, err := newCosigner(vkey)
	if err != nil {
		return err
	}
	origin := signer.Name()
	honest, forked := &grown{}, &grown{}
	if err := errors.Join(honest.to(700, 700, ""), forked.to(700, 200, " of another history")); err != nil {
		return err
	}
	grow := func(old, size int64) error {
		body, err := honest.body(old, size, signer, origin)
		if err != nil {
			return err
		}
		status, _, answer, err := post(url, body)
		if err != nil || status != 200 {
			return fmt.Errorf("%d to %d: %d %s %v", old, size, status, answer, err)
		}
		checkpoint, err := honest.checkpoint(size, signer, origin)
		if err != nil {
			return err
		}
		opened, err := note.Open(append(checkpoint, answer...), note.VerifierList(witness))
		if err != nil {
			return fmt.Errorf("%d to %d: the cosignature: %w", old, size, err)
		}
		if len(opened.Sigs) != 1 {
			return fmt.Errorf("%d cosignatures", len(opened.Sigs))
		}
		fmt.Printf("cosigned: %d to %d\n", old, size)
		return nil
	}
	old := int64(0)
	for _, size := range []int64{1, 2, 3, 7, 8, 8, 100, 256, 257, 300} {
		if err := grow(old, size); err != nil {
			return err
		}
		old = size
	}
	stranger, err := anotherKey(origin)
	if err != nil {
		return err
	}
	elsewhere, err := anotherKey("elsewhere.example")
	if err != nil {
		return err
	}
	for _, refused := range []struct {
		what      string
		log       *grown
		old, size int64
		signer    note.Signer
		status    int
	}{
		{"a smaller checkpoint", honest, 200, 256, signer, 409},
		{"old 0, to learn the size", honest, 0, 300, signer, 409},
		{"another root for the same size", forked, 300, 300, signer, 409},
		{"another history", forked, 300, 700, signer, 422},
		{"old above new", honest, 400, 300, signer, 400},
		{"a key that is not trusted", honest, 300, 400, stranger, 403},
		{"a log that is not known", honest, 0, 300, elsewhere, 404},
	} {
		body, err := refused.log.body(refused.old, refused.size, refused.signer, refused.signer.Name())
		if err != nil {
			return fmt.Errorf("%s: %w", refused.what, err)
		}
		status, kind, answer, err := post(url, body)
		if err != nil || status != refused.status {
			return fmt.Errorf("%s: %d %q %v", refused.what, status, answer, err)
		}
		if status == 409 && (kind != "text/x.tlog.size" || answer != "300\n") {
			return fmt.Errorf("%s: %s %q", refused.what, kind, answer)
		}
		fmt.Printf("refused: %s, %d\n", refused.what, status)
	}
	if status, _, _, err := post(url, []byte("old 300\n")); err != nil || status != 400 {
		return fmt.Errorf("half a request: %d %v", status, err)
	}
	return grow(300, 700)
}

func anotherKey(name string) (note.Signer, error) {
	skey, _, err := note.GenerateKey(nil, name)
	if err != nil {
		return nil, err
	}
	return note.NewSigner(skey)
}

// playWitness is a witness of one log, for as long as standard input stays open.
//
//	check play-witness LOG_VKEY NAME SEED_HEX
//
// It prints where it listens and its vkey, and then a line for each checkpoint it cosigned.
func playWitness(logVkey, name, seed string) error {
	verifier, err := note.NewVerifier(logVkey)
	if err != nil {
		return err
	}
	raw, err := hex.DecodeString(seed)
	if err != nil || len(raw) != ed25519.SeedSize {
		return errors.New("the seed is 32 bytes in hexadecimal")
	}
	priv := ed25519.NewKeyFromSeed(raw)
	witness := cosigner{name: name, key: priv.Public().(ed25519.PublicKey), priv: priv}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	key := append([]byte{cosignatureType}, witness.key...)
	fmt.Printf("http://%s\n", listener.Addr())
	fmt.Printf("%s+%08x+%s\n", name, witness.KeyHash(), base64.StdEncoding.EncodeToString(key))
	var seen tlog.Tree
	var mutex sync.Mutex
	http.HandleFunc("POST /add-checkpoint", func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		body, err := io.ReadAll(io.LimitReader(r.Body, maxFile))
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		head, checkpoint, ok := strings.Cut(string(body), "\n\n")
		lines := strings.Split(head, "\n")
		oldText, isOld := strings.CutPrefix(lines[0], "old ")
		old, err := strconv.ParseInt(oldText, 10, 64)
		if !ok || !isOld || err != nil {
			http.Error(w, "no request", 400)
			return
		}
		tree, err := openCheckpoint([]byte(checkpoint), verifier)
		if err != nil {
			http.Error(w, err.Error(), 403)
			return
		}
		if old > tree.N {
			http.Error(w, "old above new", 400)
			return
		}
		if old != seen.N || (tree.N == seen.N && seen.N > 0 && tree.Hash != seen.Hash) {
			w.Header().Set("Content-Type", "text/x.tlog.size")
			w.WriteHeader(409)
			fmt.Fprintf(w, "%d\n", seen.N)
			return
		}
		var proof tlog.TreeProof
		for _, line := range lines[1:] {
			hash, err := tlog.ParseHash(line)
			if err != nil {
				http.Error(w, err.Error(), 400)
				return
			}
			proof = append(proof, hash)
		}
		if old > 0 && old < tree.N {
			if err := tlog.CheckTree(proof, tree.N, tree.Hash, old, seen.Hash); err != nil {
				http.Error(w, err.Error(), 422)
				return
			}
		} else if len(proof) > 0 {
			http.Error(w, "nothing to prove", 422)
			return
		}
		seen = tree
		text := fmt.Sprintf("%s\n%d\n%v\n", verifier.Name(), tree.N, tree.Hash)
		signed, err := note.Sign(&note.Note{Text: text}, witness)
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		fmt.Fprint(w, strings.TrimPrefix(string(signed), text+"\n"))
		fmt.Printf("cosigned: %d to %d\n", old, tree.N)
	})
	go func() { _ = http.Serve(listener, nil) }()
	return nil
}
