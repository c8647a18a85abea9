/** What language sentences are in: four of each were written for this test. */
import { expect, test } from '@jest/globals';
import { grammarText } from '../../data/grammar.js';
import { language, languagesOf } from '../../operators/language.js';
import { noDraw } from '../support/draws.js';

const SENTENCES: Record<string, readonly string[]> = {
  en: [
    'The old captain had not seen the harbour for more than ten years.',
    'If you want to know why the bridge was closed, you should ask the people who live there.',
    'It was raining again, and nobody in the house could find a dry coat.',
    'She wrote three books about the history of the railway before she died.',
  ],
  de: [
    'Der alte Kapitän hatte den Hafen seit mehr als zehn Jahren nicht gesehen.',
    'Wenn du wissen willst, warum die Brücke gesperrt ist, frag die Leute, die dort wohnen.',
    'Es regnete schon wieder, und niemand im Haus fand einen trockenen Mantel.',
    'Sie schrieb drei Bücher über die Geschichte der Eisenbahn.',
  ],
  fr: [
    "Le vieux capitaine n'avait pas vu le port depuis plus de dix ans.",
    'Si tu veux savoir pourquoi le pont est fermé, demande aux gens qui habitent là-bas.',
    'Il pleuvait encore, et personne dans la maison ne trouvait de manteau sec.',
    "Elle a écrit trois livres sur l'histoire du chemin de fer avant sa mort.",
  ],
  es: [
    'El viejo capitán no había visto el puerto desde hacía más de diez años.',
    'Si quieres saber por qué el puente está cerrado, pregunta a la gente que vive allí.',
    'Llovía otra vez y nadie en la casa encontraba un abrigo seco.',
    'Ella escribió tres libros sobre la historia del ferrocarril antes de morir.',
  ],
  it: [
    'Il vecchio capitano non vedeva il porto da più di dieci anni.',
    'Se vuoi sapere perché il ponte è chiuso, chiedi alla gente che abita lì.',
    'Pioveva ancora e nessuno nella casa trovava un cappotto asciutto.',
    'Ha scritto tre libri sulla storia della ferrovia prima di morire.',
  ],
  pt: [
    'O velho capitão não via o porto há mais de dez anos.',
    'Se você quer saber por que a ponte está fechada, pergunte às pessoas que moram lá.',
    'Chovia de novo e ninguém na casa achava um casaco seco.',
    'Ela escreveu três livros sobre a história da ferrovia antes de morrer.',
  ],
  nl: [
    'De oude kapitein had de haven al meer dan tien jaar niet gezien.',
    'Als je wilt weten waarom de brug dicht is, vraag het dan aan de mensen die daar wonen.',
    'Het regende weer en niemand in het huis kon een droge jas vinden.',
    'Zij schreef drie boeken over de geschiedenis van het spoor voordat ze stierf.',
  ],
  sv: [
    'Den gamle kaptenen hade inte sett hamnen på mer än tio år.',
    'Om du vill veta varför bron är stängd får du fråga dem som bor där.',
    'Det regnade igen och ingen i huset kunde hitta en torr rock.',
    'Hon skrev tre böcker om järnvägens historia innan hon dog.',
  ],
  da: [
    'Den gamle kaptajn havde ikke set havnen i mere end ti år.',
    'Hvis du vil vide, hvorfor broen er lukket, må du spørge dem, der bor der.',
    'Det regnede igen, og ingen i huset kunne finde en tør frakke.',
    'Hun skrev tre bøger om jernbanens historie, før hun døde af alderdom.',
  ],
  nb: [
    'Den gamle kapteinen hadde ikke sett havnen på mer enn ti år.',
    'Hvis du vil vite hvorfor broen er stengt, må du spørre dem som bor der.',
    'Det regnet igjen, og ingen i huset kunne finne en tørr frakk.',
    'Hun skrev tre bøker om jernbanens historie før hun døde etter lang sykdom.',
  ],
  fi: [
    'Vanha kapteeni ei ollut nähnyt satamaa yli kymmeneen vuoteen.',
    'Jos haluat tietää, miksi silta on suljettu, kysy niiltä, jotka asuvat siellä.',
    'Taas satoi, eikä kukaan talossa löytänyt kuivaa takkia.',
    'Hän kirjoitti kolme kirjaa rautatien historiasta ennen kuin hän kuoli.',
  ],
  pl: [
    'Stary kapitan nie widział portu od ponad dziesięciu lat.',
    'Jeśli chcesz wiedzieć, dlaczego most jest zamknięty, zapytaj ludzi, którzy tam mieszkają.',
    'Znowu padało i nikt w domu nie mógł znaleźć suchego płaszcza.',
    'Napisała trzy książki o historii kolei, zanim umarła.',
  ],
  cs: [
    'Starý kapitán neviděl přístav už více než deset let.',
    'Jestli chceš vědět, proč je most zavřený, zeptej se lidí, kteří tam bydlí.',
    'Zase pršelo a nikdo v domě nemohl najít suchý kabát.',
    'Napsala tři knihy o dějinách železnice, než zemřela.',
  ],
  ro: [
    'Bătrânul căpitan nu mai văzuse portul de peste zece ani.',
    'Dacă vrei să știi de ce este închis podul, întreabă oamenii care locuiesc acolo.',
    'Ploua din nou și nimeni din casă nu găsea o haină uscată.',
    'Ea a scris trei cărți despre istoria căii ferate înainte să moară.',
  ],
  hu: [
    'Az öreg kapitány már több mint tíz éve nem látta a kikötőt.',
    'Ha tudni akarod, hogy miért van lezárva a híd, kérdezd meg azokat, akik ott laknak.',
    'Megint esett az eső, és senki sem talált száraz kabátot a házban.',
    'Három könyvet írt a vasút történetéről, mielőtt meghalt.',
  ],
  tr: [
    'Yaşlı kaptan limanı on yıldan daha uzun bir süre görmemişti.',
    'Köprünün neden kapalı olduğunu bilmek istiyorsan orada oturan insanlara sor.',
    'Yine yağmur yağıyordu ve evde hiç kimse kuru bir palto bulamadı.',
    'Ölmeden önce demiryolunun tarihi için üç kitap yazdı.',
  ],
  el: [
    'Ο γέρος καπετάνιος δεν είχε δει το λιμάνι για πάνω από δέκα χρόνια.',
    'Αν θέλεις να μάθεις γιατί η γέφυρα είναι κλειστή, ρώτα τους ανθρώπους που μένουν εκεί.',
    'Έβρεχε πάλι και κανείς στο σπίτι δεν έβρισκε ένα στεγνό παλτό.',
    'Έγραψε τρία βιβλία για την ιστορία του σιδηροδρόμου πριν πεθάνει.',
  ],
  ru: [
    'Старый капитан не видел гавани больше десяти лет.',
    'Если ты хочешь знать, почему мост закрыт, спроси людей, которые там живут.',
    'Опять шёл дождь, и никто в доме не мог найти сухого пальто.',
    'Она написала три книги об истории железной дороги до того, как умерла.',
  ],
  uk: [
    'Старий капітан не бачив гавані вже понад десять років.',
    'Якщо ти хочеш знати, чому міст закрито, запитай людей, які там живуть.',
    'Знову йшов дощ, і ніхто в домі не міг знайти сухого пальта.',
    'Вона написала три книги про історію залізниці, перш ніж померла.',
  ],
};

const apply = (keep: readonly string[], texts: readonly string[], more: object = {}) =>
  language.apply(texts.map((text) => ({ text, tokens: [] })), language.settings.parse({ keep, ...more }), {}, noDraw); // prettier-ignore

test('of 76 sentences in 19 languages 73 are told for what they are; the others are taken for no third language', () => {
  const all = Object.entries(SENTENCES).flatMap(([code, texts]) => texts.map((text) => [code, text] as const));
  expect(all).toHaveLength(76);
  const wrong = all.flatMap(([code, text]) => {
    const [verdict] = apply([code], [text]);
    return typeof verdict === 'object' && 'remove' in verdict ? [[code, verdict.remove]] : [];
  });
  // Danish and Norwegian share most function words, Turkish says much by endings
  expect(wrong).toEqual([
    ['da', 'nb'],
    ['nb', 'da'],
    ['tr', 'unknown'],
  ]);
});

test('what goes is counted as what it was taken for', () => {
  const { en, de, ru } = SENTENCES;
  expect(apply(['en'], [en[0], de[0], ru[0], '', '12 % ...', 'shipeul fentruson tiit'])).toEqual([
    'keep',
    { remove: 'de' },
    { remove: 'ru' },
    { remove: 'unknown' },
    { remove: 'unknown' },
    { remove: 'unknown' },
  ]);
  expect(apply(['en', 'ru'], [en[0], de[0], ru[0]])).toEqual(['keep', { remove: 'de' }, 'keep']);
});

test('probabilities of languages and of none are one in all; two that are hard to tell apart are kept together', () => {
  // a sentence that is the same in Danish and Norwegian
  const both = 'Han kan ikke se fra huset.';
  const found = languagesOf(both);
  expect(Object.values(found).reduce((sum, p) => sum + p, 0)).toBeLessThanOrEqual(1 + 1e-12);
  expect(found.da + found.nb).toBeGreaterThan(0.99);
  expect(apply(['da', 'nb'], [both], { above: 0.9 })).toEqual(['keep']);
  expect(apply(['da'], [both], { above: 0.9 })).not.toEqual(['keep']);
});

test('special tokens, capitals and apostrophes of either kind are no words', () => {
  const plain = languagesOf("it's what i don't know");
  expect(languagesOf('</s>IT’S WHAT I DON’T KNOW<|endoftext|><pad>')).toEqual(plain);
  // one that repeats itself is no surer than one that does not
  expect(languagesOf('the the the the')).toEqual(languagesOf('the'));
});

test('the made-up words of a grammar are in no language', () => {
  for (const seed of [1, 2, 3]) {
    const words = grammarText({ vocabulary: 1000, zipf: 1.05, seed, sentences: { train: 300, valid: 1, test: 1 } }, 'train').split(/\s+/); // prettier-ignore
    const texts = Array.from({ length: Math.floor(words.length / 32) }, (_, i) => words.slice(32 * i, 32 * i + 32).join(' '));
    expect(texts.length).toBeGreaterThan(50);
    const verdicts = apply(Object.keys(SENTENCES), texts);
    expect(verdicts.filter((verdict) => verdict === 'keep')).toEqual([]);
  }
});

test.each([[[]], [['xx']], [['en', 'en']]])('%j are no languages to keep', (keep) => {
  expect(language.settings.safeParse({ keep }).success).toBe(false);
});
