/** Frames with Huffman literals and sequences, as the program zstd makes them of repeating text. */
export const zstdFrames: readonly Buffer[] = [
  'KLUv/QRopQAAaGhlbGxvIHdvcmxkLCABAFqg5hdkqP4f',
  'KLUv/QRo9Q4A9BsABw4VHCQrMjlASE9WXWRsc3qBiJCXnqWstLvCydDY3+bt9AEIDxYdJSwzOkFJUFdeZW10e4KJkZifpq21' +
    'vMPK0dng5+71AgkQFx4mLTQ7QkpRWF9mbnV8g4qSmaCnrra9xMvS2uHo7/YDChEYHycuNTxDS1JZYGdvdn2Ei5Oaoaivt77F' +
    'zNPb4unw9wQLEhkgKC82PURMU1phaHB3foWMlJuiqbC4v8bN1Nzj6vH4BQwTGiEpMDc+RU1UW2JpcXh/ho2VnKOqsbnAx87V' +
    '3eTr8vkGDRQbIioxOD9GTlVcY2pyeYCHjpadpKuyusHIz9be5ezz+iNHa4+z1wAkSGyQtNgBJUltkbXZAiZKbpK22gMnS2+T' +
    't9sEKExwlLjcBSlNcZW53QYqTnKWut4HK09zl7vfCCxQdJi84AktUXWZveEKLlJ2mr7iCy9Td5u/4wwwVHicwOQNMVV5ncHl' +
    'DjJWep7C5g8zV3ufw+cQNFh8oMToETVZfaHF6RI2Wn6ixuoTN1t/o8frFDhcgKTI7BU5XYGlye0WOl6CpsruFztfg6fL7xg8' +
    'YISozPAZPWGFqc3xGj5ihqrO8hs/Y4erz/OAy6gR4O//d/C11hLAv////2/OqtO9617d+h0tq0FIaHM=',
  'KLUv/QRoXQMA4kcTD7Dr/AlP4peNyJQiyJGuBObKkRt39/P1eOLMy8nH77/f8+LGxcTD59uuaWHTUtLR6+u2rKhhIeHg8TRL' +
    'UtAUMu4uAVoqhRNSCyIgplY8qBGg+P0z4OcQEuFEmA8HZoxK5OPj1lcCqQpzYx85',
  'KLUv/QBI9QQAAgUOEsCnA7uJRLbKjoiQlFLyU8NhAf///79t27bdtm3bkiRJktu2bSuIQbjLUZ1igDKFkEHkoIDqFBM7ILCj' +
    '0gGczDczs8w3s7PMNzOzzDezWcw3s1nON7NZzDezWeYzs1nmO7NZ5jOzWeabmVnmm9lZ5psZZ7llPhszq20WWuebMTPZZol1' +
    'Phgzvzaby2MQQQ5hEEEOYYhw5CbENgE=',
].map((text) => Buffer.from(text, 'base64'));
